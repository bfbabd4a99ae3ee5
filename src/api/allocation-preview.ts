import type { Problem } from "./problem.ts";

/** Answer of `POST .../containers/NAME/allocation` (`ds01 allocate --dry-run`): which devices a spec would get now, and why. */
export interface AllocationPreview {
  readonly namespace: string;
  readonly name: string;
  readonly problems: readonly Problem[];
  /** Why quota or policy refuse the spec; null when they do not. */
  readonly refusal: { readonly reason: string; readonly message: string } | null;
  /** `1 whole GPU with at least 40Gi`; null when it takes no devices. */
  readonly needs: string | null;
  readonly strategy: string;
  /** What the strategy looks at, in this order. */
  readonly criteria: readonly {
    readonly name: string;
    readonly better: "low" | "high";
    readonly unit: "number" | "bytes" | "percent";
  }[];
  readonly candidates: readonly AllocationCandidate[];
  /** How the strategy rates the chosen set as a whole; null where it chooses one device after the other. */
  readonly setScore: { readonly inside: number; readonly torn: number; readonly left: number } | null;
  readonly outcome: AllocationOutcome;
  readonly notes: readonly string[];
}

export interface AllocationCandidate {
  readonly slot: string;
  readonly uuid: string;
  readonly model: string;
  readonly profile: string | null;
  readonly memoryBytes: number;
  readonly verdict: "chosen" | "fits" | "no";
  /** CamelCase clause that it fails; null when it fits. */
  readonly clause: string | null;
  /** The same in words, or why it comes before others; null when there is nothing to say. */
  readonly why: string | null;
  /** One number for each criterion, before the first device is taken; null when it does not fit. */
  readonly scores: readonly number[] | null;
}

export type AllocationOutcome =
  | {
      readonly type: "assigned";
      readonly devices: readonly { readonly slot: string; readonly uuid: string }[];
    }
  /** It has its devices already and keeps them. */
  | { readonly type: "holds"; readonly devices: readonly { readonly slot: string; readonly uuid: string }[] }
  | {
      readonly type: "waiting";
      readonly reason: string;
      readonly message: string;
      /** No change of load can help. */
      readonly never: boolean;
      /** A request that would start now; null without one. */
      readonly hint: string | null;
    }
  /** It takes no devices now. */
  | { readonly type: "none"; readonly message: string };
