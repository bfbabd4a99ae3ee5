import type { AdoptionAnswer } from "../api/adoption.ts";
import { wrapped } from "../api/wrap-text.ts";
import type { Context } from "./context.ts";
import { exitCodeOf, failureText } from "./failure.ts";
import { exitCodes } from "./exit-codes.ts";
import { oneLine } from "./terminal.ts";
import { UsageError } from "./usage-error.ts";

/** Which containers, and what is to be made of them. */
export interface ContainerImport {
  readonly containers: readonly string[];
  readonly all: boolean;
  readonly owner: string | undefined;
  readonly name: string | undefined;
  readonly dryRun: boolean;
}

/** Has the controller adopt containers as they are; tells of each what its spec does not say. Returns the exit code. */
export async function importContainers(request: ContainerImport, context: Context): Promise<number> {
  const { all, owner, name, dryRun } = request;
  const names = await namesOf(request, context);
  if (names.length === 0) {
    context.tell("no container carries labels of AIME or of the older DS01 scripts; name one to adopt it");
    return exitCodes.done;
  }
  let code: number = exitCodes.done;
  let isFirst = true;
  for (const container of names) {
    try {
      const answer = await context.client.adopt({ container, owner, name }, { dryRun });
      if (dryRun) context.print(`${isFirst ? "" : "---\n"}${answer.text}`);
      else context.print(`${adoptedText(answer)}\n`);
      isFirst = false;
      tellNotes(answer, context);
    } catch (error) {
      if (!all) throw error;
      code = Math.max(code, exitCodeOf(error));
      context.tell(failureText(error));
    }
  }
  return code;
}

async function namesOf({ containers, all, owner, name }: ContainerImport, context: Context) {
  if (!all && containers.length !== 1)
    throw new UsageError("name one container: ds01 import container NAME, or --all");
  if (!all) return containers;
  if (containers.length > 0 || owner !== undefined || name !== undefined)
    throw new UsageError("--all takes the containers as they are labelled: without NAME, --owner and --name");
  const found = await context.client.adoptable();
  return found.map(({ name: container }) => container);
}

function adoptedText({ namespace, name, container, path }: AdoptionAnswer): string {
  return `${namespace}/${name} adopted: the container ${container} runs on as it was, and its spec is ${path}`;
}

function tellNotes({ container, notes }: AdoptionAnswer, context: Context): void {
  if (notes.length === 0) return;
  const lines = notes.map(({ about, message }) => wrapped(oneLine(`${about}: ${message}`), 2));
  context.tell(`What of ${container} its spec does not say, or says otherwise:\n${lines.join("\n")}`);
}
