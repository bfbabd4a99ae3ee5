import { renderProblems } from "../../api/render-problems.ts";
import { convertResourceLimits } from "../../api/resource-limits/convert.ts";
import type { LimitsFiles } from "../../api/resource-limits/convert.ts";
import type { Note } from "../../api/resource-limits/note.ts";
import { defineCommand } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { readLimitsFiles } from "../limits-files.ts";
import { renderImportNotes } from "../print/import-notes.ts";
import { printable } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";
import { writeNewFiles } from "../write-new-files.ts";

/** `ds01 import` */
export const importVerb = defineCommand({
  usage: ["resource-limits FILE|-"],
  description: [
    "Turns the `resource-limits.yaml` of the older DS01 scripts into QuotaSpecs: one for everybody, one for each other group, one for each user with an override. Needs no controller, and changes nothing: the documents go to standard output, or with --output-dir each into a file of its own.",
    "Members and overrides are read where the scripts read them, beside the file, unless flags name other places. Each value says in a comment which key it comes from. What has no counterpart is listed on standard error with its place, why, and what to do instead.",
    "Ends with 2, and makes nothing, when something is wrong in a file; all of it is shown at once.",
  ],
  options: {
    members: { value: "DIR", summary: "directory of GROUP.members files (default: groups beside FILE)" },
    "user-overrides": {
      value: "FILE",
      summary: "overrides of users (default: user-overrides.yaml beside FILE)",
    },
    "output-dir": { value: "DIR", summary: "write NAME.yaml for each quota there" },
    force: { summary: "replace files that are there" },
  },
  examples: [
    ["ds01 import resource-limits config/runtime/resource-limits.yaml", "show what it would become"],
    [
      "ds01 import resource-limits resource-limits.yaml --output-dir /srv/ds01/specs/quotas",
      "put it into effect",
    ],
  ],
  async run({ options, positionals }, context) {
    const [format, file, ...more] = positionals;
    if (format !== "resource-limits" || file === undefined || more.length > 0) {
      throw new UsageError("say: ds01 import resource-limits FILE");
    }
    const directory = options["output-dir"];
    if (options.force && directory === undefined) throw new UsageError("--force needs --output-dir");
    const places = { file, members: options.members, overrides: options["user-overrides"] };
    const files = await readLimitsFiles(places, context.stdin);
    const { quotas, problems, notes } = convertResourceLimits(files);
    if (problems.length > 0) {
      for (const { path, text } of sourcesOf(files)) {
        const own = problems.filter((problem) => problem.file === path);
        if (own.length > 0) context.tell(printable(renderProblems(own, text)));
      }
      context.tell(`${counted(problems.length, "error")}; nothing was made of it`);
      return exitCodes.usage;
    }
    if (directory === undefined) context.print(quotas.map(({ text }) => text).join("---\n"));
    else {
      const written = quotas.map(({ name, text }) => ({ name: `${name}.yaml`, text }));
      for (const path of await writeNewFiles(directory, written, options.force)) context.print(`${path}\n`);
    }
    if (notes.length > 0) context.tell(renderImportNotes(notes));
    context.tell(summary(quotas.length, notes));
    return exitCodes.done;
  },
});

function sourcesOf({ limits, members, overrides }: LimitsFiles): readonly LimitsFiles["limits"][] {
  return [limits, ...members, ...(overrides === null ? [] : [overrides])];
}

function summary(quotas: number, notes: readonly Note[]): string {
  const leftOut = notes.filter((note) => note.kind === "left-out").length;
  return `${counted(quotas, "quota")}, ${counted(leftOut, "key")} left out, ${notes.length - leftOut} not as it was`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
