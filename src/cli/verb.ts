import type { Command } from "./command.ts";

/** One line of `ds01 --help`; the verb itself loads only when it is used. */
export interface Verb {
  readonly name: string;
  readonly group: "Look" | "Change" | "Inside a container" | "Check" | "Run";
  readonly summary: string;
  load(): Promise<Command>;
}
