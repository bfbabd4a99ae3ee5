import { ContainerDraft } from "../docker-import/container-draft.ts";
import { finishDraft } from "../docker-import/finish-draft.ts";
import type { ImportedContainer } from "../docker-import/finish-draft.ts";
import type { GpuChoice } from "../docker-import/gpus.ts";
import type { Note } from "../import-note.ts";
import type { Problem } from "../problem.ts";
import type { RunSurroundings } from "./flag.ts";
import type { GivenFlag, RunCommand } from "./parse-run-command.ts";

/** What becomes of a command line. */
export interface RunConversion {
  /** Null when there are problems. */
  readonly container: ImportedContainer | null;
  readonly problems: readonly Problem[];
  /** What is left out, and what is not as it was. */
  readonly notes: readonly Note[];
}

/** Flags whose value is the name of a file that Docker reads. */
const fileFlags: readonly string[] = ["env-file", "label-file"];

/** The files that must be read before a command line can be converted. */
export function filesOf({ flags }: RunCommand): readonly string[] {
  return flags.filter(({ flag }) => fileFlags.includes(flag.name)).map(({ value }) => value);
}

/** Turns a `docker run` into a ContainerSpec; never throws, and reports every problem at once. */
export function convertRunCommand(command: RunCommand, around: RunSurroundings & GpuChoice): RunConversion {
  const { image, problems } = command;
  if (problems.length > 0 || image === null) return { container: null, problems, notes: [] };
  const draft = new ContainerDraft(image.origin);
  for (const given of filesFirst(command.flags)) useFlag(draft, given, around);
  draft.spec.image = image.text;
  draft.mark("spec.image", image.origin);
  const [first] = command.arguments;
  if (first !== undefined) {
    draft.spec.args = command.arguments.map(({ text }) => text);
    draft.mark("spec.args", first.origin);
  }
  const container = finishDraft(draft, around);
  return { container, problems: draft.problems, notes: container === null ? [] : draft.notes };
}

function useFlag(draft: ContainerDraft, { flag, value, origin }: GivenFlag, around: RunSurroundings): void {
  // A switch that is switched off is as if it were not there; only two of them are on by themselves.
  if (!flag.takesValue && value === "false" && !/^(?:sig-proxy|disable-content-trust)$/.test(flag.name))
    return;
  if (typeof flag.use === "string") draft.leaveOut(origin, flag.use, flag.takesValue ? value : "");
  else flag.use(draft, value, origin, around);
}

function filesFirst(flags: readonly GivenFlag[]): readonly GivenFlag[] {
  const isFile = ({ flag }: GivenFlag): boolean => fileFlags.includes(flag.name);
  return [...flags.filter(isFile), ...flags.filter((given) => !isFile(given))];
}
