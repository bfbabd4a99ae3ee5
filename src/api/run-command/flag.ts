import type { ContainerDraft, Origin } from "../docker-import/container-draft.ts";
import type { Variables } from "../docker-import/environment.ts";
import type { Topic } from "../docker-import/topics.ts";

/** What a command line was run in, as far as it decides what the line means. */
export interface RunSurroundings {
  readonly environment: Variables;
  /** Working directory: where relative paths begin. */
  readonly directory: string;
  /** Files that flags name, by their names there. */
  readonly files: ReadonlyMap<string, string>;
}

/** What becomes of a flag: something of the draft, or nothing for the reason that a topic tells. */
export type FlagUse =
  | Topic
  | ((draft: ContainerDraft, value: string, origin: Origin, around: RunSurroundings) => void);

/** A flag of `docker run`. */
export interface RunFlag {
  readonly name: string;
  readonly short?: string;
  /** Whether a value follows; the others are switches. */
  readonly takesValue: boolean;
  readonly use: FlagUse;
}
