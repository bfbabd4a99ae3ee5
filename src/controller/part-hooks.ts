import type { Kind } from "../api/names.ts";
import type { Step } from "../core/plan/step.ts";
import type { ContainerRecord } from "../core/record.ts";
import type { ChangedContainer } from "./changed-containers.ts";
import type { KnownSource } from "./source-book.ts";

/** What the parts tell the manager; it decides who is looked at because of it. */
export interface PartHooks {
  readonly onContainers: (containers: readonly ChangedContainer[]) => void;
  readonly onImage: () => void;
  readonly onEngine: (ready: boolean, message: string) => void;
  readonly onInventory: () => void;
  readonly onSpec: (kind: Kind, namespace: string, name: string) => void;
  readonly onSource: (known: KnownSource, before: KnownSource) => void;
  readonly onLongStepStart: () => void;
  readonly onLongStepEnd: (record: ContainerRecord, step: Step, error: unknown) => void;
}
