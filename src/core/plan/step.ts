import type { GivenVariables } from "../given-files/given-file.ts";
import type { AppliedLimits } from "../lifecycle/memory.ts";
import type { DesiredContainer } from "./desired-container.ts";

/** One external call each; `cause` says why, for logs, events and `ds01 diff`. */
export type Step =
  | {
      /** A path of the host that the spec wants made where nothing is; done by and for the owner. */
      readonly do: "makeHostPath";
      readonly path: string;
      readonly kind: "Directory" | "File";
      readonly cause: string;
    }
  | { readonly do: "pull"; readonly image: string; readonly cause: string }
  /** Builds the image of an object from the files beside its spec. */
  | { readonly do: "build"; readonly image: string; readonly cause: string }
  /** Gives an image that is here another name. */
  | { readonly do: "tag"; readonly image: string; readonly as: string; readonly cause: string }
  | {
      readonly do: "create";
      readonly container: DesiredContainer;
      /** Files that bring it variables when it is made, later ones before earlier ones; absent: none. */
      readonly files?: readonly GivenVariables[];
      readonly cause: string;
    }
  | {
      /** Fills a container that has never run: its own files, and volumes that are to be its user's. */
      readonly do: "seed";
      readonly name: string;
      readonly id: string | null;
      /** Links of the sources are resolved. */
      readonly copies: readonly { readonly from: string; readonly to: string }[];
      /** Where the engine's volumes are mounted for writing. */
      readonly volumes: readonly string[];
      readonly cause: string;
    }
  | { readonly do: "start"; readonly name: string; readonly id: string | null; readonly cause: string }
  | { readonly do: "pause"; readonly name: string; readonly id: string; readonly cause: string }
  | { readonly do: "unpause"; readonly name: string; readonly id: string; readonly cause: string }
  | {
      readonly do: "stop";
      readonly name: string;
      readonly id: string;
      readonly graceMs: number;
      readonly cause: string;
    }
  | { readonly do: "remove"; readonly name: string; readonly id: string; readonly cause: string }
  | {
      readonly do: "rename";
      readonly name: string;
      readonly id: string;
      readonly to: string;
      readonly cause: string;
    }
  | {
      readonly do: "update";
      readonly name: string;
      readonly id: string;
      /** Absent limits stay as they are. */
      readonly limits: AppliedLimits | null;
      readonly restartPolicyNo: boolean;
      readonly cause: string;
    };

/** Steps that end or replace something that runs; frozen while anything is in doubt (I5). */
export function isDestructive(step: Step): boolean {
  return step.do === "stop" || step.do === "remove";
}
