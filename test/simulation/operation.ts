import type { FakeCallName } from "../support/fake-faults.ts";
import type { EngineFault } from "./engine-weather.ts";

/** What people and machines do to the world; plain data, so that a trace can be kept and shortened. */
export type Operation =
  | { readonly do: "write"; readonly path: string; readonly text: string }
  /** Half of it first, and the rest a moment later. */
  | { readonly do: "writeSlowly"; readonly path: string; readonly text: string; readonly afterMs: number }
  /** As editors save: the file is gone for a moment. */
  | { readonly do: "replace"; readonly path: string; readonly text: string; readonly afterMs: number }
  | { readonly do: "break"; readonly path: string }
  /** As `ds01 stop` and `ds01 start`: nothing else of the file changes. */
  | { readonly do: "declare"; readonly path: string; readonly state: "Running" | "Stopped" | "Paused" }
  | { readonly do: "move"; readonly path: string; readonly to: string }
  | { readonly do: "delete"; readonly path: string }
  | { readonly do: "deleteFolder"; readonly path: string }
  | { readonly do: "treeAway"; readonly forMs: number }
  | { readonly do: "treeEvents"; readonly lost: boolean }
  | {
      readonly do: "hand";
      readonly command:
        | "stop"
        | "kill"
        | "rm"
        | "start"
        | "pause"
        | "unpause"
        | "rename"
        | "oom"
        | "killShim";
      /** Which of all containers, by the order in which they were made. */
      readonly which: number;
    }
  /** Somebody else's container; `name` may be one that a spec wants. */
  | {
      readonly do: "foreign";
      readonly name: string;
      readonly gpu: string | null;
      readonly instance: string | null;
    }
  | { readonly do: "fault"; readonly fault: EngineFault }
  | { readonly do: "events"; readonly how: "lost" | "repeated" | "usual" }
  | { readonly do: "engineAway"; readonly forMs: number; readonly restart: boolean }
  /** An admin stops everything of a user (null: of all) at once, or takes that back. */
  | { readonly do: "emergency"; readonly user: string | null; readonly over: boolean }
  /** An admin keeps a GPU for one user for some time. */
  | {
      readonly do: "book";
      readonly name: string;
      readonly user: string;
      readonly device: string;
      readonly inMs: number;
      readonly forMs: number;
    }
  /** So many whole cards are in the machine from now on, beside the one that is cut. */
  | { readonly do: "cards"; readonly whole: number }
  | { readonly do: "gpu"; readonly how: "sick" | "well" | "gone" | "back"; readonly uuid: string }
  | { readonly do: "recut"; readonly layout: number }
  | { readonly do: "gpuStackAway"; readonly forMs: number }
  | { readonly do: "diskFull"; readonly forMs: number }
  | { readonly do: "clock"; readonly byMs: number }
  | { readonly do: "crash"; readonly downMs: number }
  | { readonly do: "halt"; readonly forMs: number; readonly second: boolean };

/** An operation, and how much happens before it. */
export interface PlannedOperation {
  /** Whichever comes first: so much time has gone by since the one before, or so many steps. */
  readonly afterMs: number;
  readonly afterSteps: number;
  readonly operation: Operation;
}

/** One line for people. */
export function describeOperation(operation: Operation): string {
  const { do: what, ...rest } = operation;
  return `${what} ${JSON.stringify(rest)}`;
}

/** Calls that faults are drawn for. */
export const faultyCalls: readonly FakeCallName[] = [
  "create",
  "create",
  "start",
  "start",
  "stop",
  "stop",
  "remove",
  "remove",
  "rename",
  "update",
  "list",
  "inspect",
  "inspect",
  "image",
  "pull",
];
