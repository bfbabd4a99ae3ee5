import type { BranchPushAnswer } from "../../api/branch-push.ts";
import type { KindName } from "../../api/names.ts";
import type { BranchedChange } from "../../client/branched-change.ts";
import type { ObjectTarget } from "../../client/client.ts";
import { DeniedError } from "../../util/errors.ts";
import type { Context } from "../context.ts";
import type { Declared } from "../declared.ts";
import { exitCodes } from "../exit-codes.ts";
import { previewOf } from "../preview.ts";
import { renderPreview } from "../print/preview.ts";
import { renderRefusal } from "../print/refusal.ts";
import { namespaceOf } from "../selection.ts";
import { kindOf, parseContainer } from "../target.ts";
import { printable } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";

/** One object, and what is to become of it. */
interface Change {
  readonly kind: KindName;
  readonly target: ObjectTarget;
  readonly change: BranchedChange;
}

/** Pushes changes one after the other, each as a commit of its own, and says what became of them. */
export async function pushChanges(
  changes: readonly Change[],
  branch: string,
  context: Context,
): Promise<number> {
  const answers: BranchPushAnswer[] = [];
  for (const { kind, target, change } of changes) {
    const answer = await context.client.pushToBranch(kind, target, change, { branch });
    context.print(`${sentence(answer)}\n`);
    answers.push(answer);
  }
  // Of several pushes, the server said the same of each.
  tellRemote(
    answers.findLast(({ changed }) => changed),
    context,
  );
  return exitCodes.done;
}

/** `ds01 start` and `ds01 stop` with a branch. */
export async function pushState(
  desiredState: "Running" | "Stopped",
  request: { readonly words: readonly string[]; readonly namespace: string | undefined },
  branch: string,
  context: Context,
): Promise<number> {
  if (request.words.length === 0) throw new UsageError("name a container");
  const kind = kindOf("ContainerSpec");
  const changes = request.words.map((word) => ({
    kind,
    target: parseContainer(word, () => namespaceOf(request.namespace, context)),
    change: { patch: { spec: { desiredState } } },
  }));
  return pushChanges(changes, branch, context);
}

/** `ds01 apply` with a branch: nothing is pushed before all of it is known to be taken. */
export async function pushDeclared(
  all: readonly Declared[],
  { branch, dryRun }: { readonly branch: string; readonly dryRun: boolean },
  context: Context,
): Promise<number> {
  const changes = all.map(({ kind, target, yaml }) => ({ kind, target, change: { yaml } }));
  if (all.length === 1 && !dryRun) return pushChanges(changes, branch, context);
  const admitted: (readonly [Declared, BranchPushAnswer])[] = [];
  for (const declared of all) {
    const { kind, target, yaml } = declared;
    try {
      admitted.push([
        declared,
        await context.client.pushToBranch(kind, target, { yaml }, { branch, dryRun: true }),
      ]);
    } catch (error) {
      if (!(error instanceof DeniedError)) throw error;
      context.tell(renderRefusal(declared, error.message));
    }
  }
  if (admitted.length < all.length) {
    context.tell("Nothing was pushed.");
    return exitCodes.denied;
  }
  if (dryRun) return showDryRun(admitted, context);
  return pushChanges(changes, branch, context);
}

async function showDryRun(
  admitted: readonly (readonly [Declared, BranchPushAnswer])[],
  context: Context,
): Promise<number> {
  for (const [declared, answer] of admitted) {
    context.print(`${sentence(answer)} (dry run)\n`);
    if (answer.changed) context.print(renderPreview(await previewOf(declared, context)));
  }
  return exitCodes.done;
}

function sentence({ branch, path, commit, changed, dryRun }: BranchPushAnswer): string {
  if (!changed) return printable(`branch ${branch} unchanged: ${path} says so already`);
  if (dryRun) return printable(`branch ${branch}: ${path} would change`);
  return printable(`branch ${branch} pushed (${commit.slice(0, 7)}): ${path}`);
}

function tellRemote(answer: BranchPushAnswer | undefined, context: Context): void {
  if (answer === undefined) return;
  for (const line of answer.remote) context.tell(printable(`remote: ${line}`));
  if (answer.link !== null) context.tell(printable(`Have it reviewed: ${answer.link}`));
  context.tell("It is in effect once it is merged.");
}
