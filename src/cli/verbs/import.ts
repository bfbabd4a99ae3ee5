import { convertResourceLimits } from "../../api/resource-limits/convert.ts";
import { defineCommand } from "../command.ts";
import { reportImport } from "../import-result.ts";
import type { ImportResult } from "../import-result.ts";
import { importCompose } from "../import-compose.ts";
import { importContainers } from "../import-container.ts";
import { importRun } from "../import-run.ts";
import { readLimitsFiles } from "../limits-files.ts";
import { UsageError } from "../usage-error.ts";

/** Which flags belong to which form; the others have all of them. */
const ownFlags = {
  run: ["all-gpus"],
  compose: ["all-gpus", "service", "profile", "env-file"],
  "resource-limits": ["members", "user-overrides"],
  container: ["all", "owner", "name", "dry-run"],
} as const;
type Form = keyof typeof ownFlags;

/** `ds01 import` */
export const importVerb = defineCommand({
  usage: [
    "run -- docker run ...",
    "compose FILE|- [--service NAME]",
    "resource-limits FILE|-",
    "container NAME|--all",
  ],
  description: [
    "Turns what other tools read into specs. But for `container` it needs no controller, and changes nothing: the documents go to standard output, or with --output-dir each into a file of its own. What has no counterpart is listed on standard error with its place, why, and what to do instead. Ends with 2, and makes nothing, when something is wrong; all of it is shown at once.",
    "`run` turns a command line of `docker run` into a ContainerSpec. Behind `--` it is written as it would be run: the shell takes the quotes, and variables without a value, env files and relative paths are those of here. Comments beside a field say where it means something else. Of GPUs ds01 chooses which; `--gpus all` asks for one, or for as many as --all-gpus says.",
    "`compose` turns each service of a compose file into a ContainerSpec, or those that --service names. Variables come from the environment and from `.env` beside the file, or from the files that --env-file names. `extends`, anchors and merge keys are followed.",
    "`resource-limits` turns the `resource-limits.yaml` of the older DS01 scripts into QuotaSpecs: one for everybody, one for each other group, one for each user with an override. Members and overrides are read where the scripts read them, beside the file, unless flags name other places. Each value says in a comment which key it comes from.",
    "`container` has ds01 adopt a container that it did not make, of AIME's mlc, of the older DS01 scripts or of plain Docker: it runs on as it is, nothing of it is restarted, renamed or made anew, and from then on it is the container of a spec that is written to users/OWNER/NAME.yaml. --all takes every container with labels of those tools. It is refused (AdoptionRefused) where something would have to change at once, where its GPUs are not known for sure or are somebody else's too, and where quota or policy would not allow its spec. For admins.",
  ],
  options: {
    members: { value: "DIR", summary: "directory of GROUP.members files (default: groups beside FILE)" },
    "user-overrides": {
      value: "FILE",
      summary: "overrides of users (default: user-overrides.yaml beside FILE)",
    },
    "all-gpus": { value: "N", summary: "how many GPUs to ask for where Docker would give all (default: 1)" },
    service: { value: "NAME", multiple: true, summary: "only this service" },
    profile: { value: "NAME", multiple: true, summary: "also services of this profile; * is all of them" },
    "env-file": {
      value: "FILE",
      multiple: true,
      summary: "read variables there (default: .env beside FILE)",
    },
    "output-dir": { value: "DIR", summary: "write NAME.yaml for each document there" },
    force: { summary: "replace files that are there" },
    all: { summary: "adopt every container with labels of AIME or of the older DS01 scripts" },
    owner: { value: "USER", summary: "whose it is to be (default: as its labels, name and mounts say)" },
    name: { value: "NAME", summary: "what its spec is to be called (default: as the container is)" },
    "dry-run": { summary: "only show the spec, and what stands in the way" },
  },
  examples: [
    [
      "ds01 import run -- docker run --gpus 1 -v /data:/data:ro pytorch/pytorch:2.5 python train.py",
      "show the spec",
    ],
    ["ds01 import compose compose.yaml --service trainer", "the same of one service"],
    [
      "ds01 import resource-limits resource-limits.yaml --output-dir /srv/ds01/specs/quotas",
      "put limits into effect",
    ],
    ["ds01 import container --all --dry-run", "what would the containers of today be?"],
    ["ds01 import container llm._.1001 --owner alice", "have one of them go on under ds01"],
  ],
  async run({ options, positionals, rest }, context) {
    const form = formOf(positionals[0]);
    const directory = options["output-dir"];
    if (options.force && directory === undefined) throw new UsageError("--force needs --output-dir");
    for (const flag of Object.values(ownFlags).flat()) {
      const forms = Object.entries(ownFlags).filter(([, flags]) => flags.some((own) => own === flag));
      const value = options[flag];
      const isGiven = typeof value === "boolean" ? value : value !== undefined && value.length > 0;
      if (isGiven && forms.every(([name]) => name !== form)) {
        throw new UsageError(`--${flag} belongs to import ${forms.map(([name]) => name).join(" and ")}`);
      }
    }
    const operands = positionals.slice(1);
    if (form === "container") {
      if (directory !== undefined) throw new UsageError("import container writes its spec by itself");
      const { all, owner, name, "dry-run": dryRun } = options;
      return await importContainers({ containers: operands, all, owner, name, dryRun }, context);
    }
    const allGpus = allGpusOf(options["all-gpus"]);
    const importers: Readonly<Record<Exclude<Form, "container">, () => Promise<ImportResult>>> = {
      run: async () => importRun(commandLineOf(operands, rest), allGpus, context),
      compose: async () => {
        const { service: services, profile: profiles, "env-file": variableFiles } = options;
        return importCompose(fileOf(form, operands), { services, profiles, variableFiles, allGpus }, context);
      },
      "resource-limits": async () => importLimits(fileOf(form, operands), options, context.stdin),
    };
    const result = await importers[form]();
    return reportImport(result, { directory, force: options.force }, context);
  },
});

function formOf(word: string | undefined): Form {
  if (word !== undefined && Object.hasOwn(ownFlags, word)) return word as Form;
  throw new UsageError(`say what to import: ${Object.keys(ownFlags).join(", ")}`);
}

function commandLineOf(operands: readonly string[], rest: readonly string[] | undefined): readonly string[] {
  if (operands.length > 0 || rest === undefined || rest.length === 0) {
    throw new UsageError("write the command line behind --: ds01 import run -- docker run ...");
  }
  return rest;
}

function fileOf(form: Form, [file, ...more]: readonly string[]): string {
  if (file === undefined || more.length > 0) throw new UsageError(`say: ds01 import ${form} FILE`);
  return file;
}

function allGpusOf(text: string | undefined): number {
  if (text === undefined) return 1;
  if (!/^\d{1,2}$/.test(text) || Number(text) < 1)
    throw new UsageError(`--all-gpus takes a number; found "${text}"`);
  return Number(text);
}

async function importLimits(
  file: string,
  flags: { readonly members: string | undefined; readonly "user-overrides": string | undefined },
  stdin: Parameters<typeof readLimitsFiles>[1],
): Promise<ImportResult> {
  const places = { file, members: flags.members, overrides: flags["user-overrides"] };
  const files = await readLimitsFiles(places, stdin);
  const { quotas, problems, notes } = convertResourceLimits(files);
  const { limits, members, overrides } = files;
  return {
    documents: quotas,
    problems,
    notes,
    sources: [limits, ...members, ...(overrides === null ? [] : [overrides])],
    words: { document: "quota", part: "key" },
  };
}
