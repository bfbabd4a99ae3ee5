import { renderProblem } from "../../api/problem.ts";
import type { Preview } from "../../api/description.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import type { Declared } from "../declared.ts";
import { exitCodes } from "../exit-codes.ts";
import { previewOf } from "../preview.ts";
import { isUnchanged, renderPreview } from "../print/preview.ts";
import { renderRefusal } from "../print/refusal.ts";
import { namespaceOption } from "../selection.ts";
import { printable } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 diff` */
export const diff = defineCommand({
  usage: ["-f FILE|DIR|-"],
  description: [
    "Shows per object what applying the files would change, the steps that would follow, each with its cause, and what would be lost. Nothing is changed.",
    "Of quotas that would be others it says to admins who would be over them, with which objects, and what would be queued or refused.",
    "Ends as `diff` does: 0 without differences, 1 with differences, higher on errors (3 when a change would be refused).",
  ],
  options: {
    namespace: namespaceOption,
    filename: { short: "f", value: "FILE", multiple: true, summary: "file, directory or - (standard input)" },
    output: { short: "o", value: "FORMAT", summary: "text, json or markdown (a comment for reviewers)" },
    prune: { summary: "the files are all there are: also tell what is declared now and not in them" },
    against: { value: "WHERE", summary: "the controller to ask: a socket as --socket, or https://HOST:PORT" },
    "token-file": { value: "FILE", summary: "who asks, over https; else DS01_TOKEN" },
    "certificate-authority": {
      value: "FILE",
      summary: "whom to trust over https; else whom the system trusts",
    },
  },
  examples: [
    ["ds01 diff -f users/alice/train.yaml", "what would this edit do?"],
    ["ds01 diff --prune -o markdown specs/", "whom would merging this branch affect?"],
    ["ds01 diff --against https://localhost:6443 --token-file token specs/", "the same from elsewhere"],
  ],
  async run({ options, positionals }, given) {
    const paths = [...options.filename, ...positionals];
    if (paths.length === 0) throw new UsageError("say which files: -f FILE|DIR|-");
    const output = options.output ?? "text";
    if (output !== "text" && output !== "json" && output !== "markdown")
      throw new UsageError(`-o is text, json or markdown; found "${output}"`);
    const context = await contextOf(options, given);
    const { readDeclared } = await import("../declared.ts");
    const declared = await readDeclared(paths, options.namespace, context);
    if (output === "text" && !options.prune) {
      return diffEach(declared, context);
    }
    const { reviewChanges } = await import("../review/review-changes.ts");
    return reviewChanges(declared, { output, prune: options.prune }, context);
  },
});

async function contextOf(
  options: {
    readonly against: string | undefined;
    readonly "token-file": string | undefined;
    readonly "certificate-authority": string | undefined;
  },
  given: Context,
): Promise<Context> {
  const { against, "token-file": tokenFile, "certificate-authority": certificateAuthority } = options;
  if (against !== undefined) {
    const { contextAgainst } = await import("../review/controller-to-ask.ts");
    return contextAgainst({ against, tokenFile, certificateAuthority }, given);
  }
  if (tokenFile !== undefined || certificateAuthority !== undefined)
    throw new UsageError("--token-file and --certificate-authority are for --against https://HOST:PORT");
  return given;
}

async function diffEach(declared: readonly Declared[], context: Context): Promise<number> {
  const codes: number[] = [];
  const judged: { readonly declared: Declared; readonly preview: Preview }[] = [];
  for (const one of declared) {
    const preview = await previewOf(one, context);
    codes.push(tellOne(one, preview, context));
    judged.push({ declared: one, preview });
  }
  // Only quotas affect others than their own object.
  if (declared.some(({ kind }) => kind.kind === "QuotaSpec")) {
    const { tellQuotaEffects } = await import("../review/quota-effects.ts");
    await tellQuotaEffects(judged, context);
  }
  return Math.max(exitCodes.done, ...codes);
}

function tellOne(declared: Declared, preview: Preview, context: Context): number {
  if (preview.problems.length > 0) {
    context.tell(preview.problems.map((problem) => printable(renderProblem(problem))).join("\n"));
    return exitCodes.usage;
  }
  if (preview.refusal !== null) {
    context.tell(renderRefusal(declared, preview.refusal.message));
    return exitCodes.denied;
  }
  if (isUnchanged(preview)) {
    context.tell(`${declared.kind.singular}/${declared.target.name}: no difference`);
    if (preview.override !== undefined) context.tell(`override: ${printable(preview.override)}`);
    return exitCodes.done;
  }
  context.print(renderPreview(preview));
  return exitCodes.failed;
}
