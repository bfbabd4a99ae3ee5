import { createMachine } from "xstate";
import type { FactType } from "./fact-types.ts";

/** What the machine asks for; `plan` turns each into steps. */
export type LifecycleAction =
  | "pullImage"
  | "tagImage"
  | "buildImage"
  | "createContainer"
  | "startContainer"
  | "unpauseContainer"
  | "pauseContainer"
  | "restartContainer"
  | "stopContainer"
  | "removeContainer"
  | "renameContainer"
  | "updateContainer"
  | "createReplacement"
  | "startReplacement"
  | "finishReplacement"
  | "rollBack"
  | "removeReplacement"
  | "discardContainers";

type Target = { readonly target: string; readonly actions?: LifecycleAction };
type Row = Readonly<Partial<Record<FactType, Target>>>;

const to = (target: string, actions?: LifecycleAction): Target =>
  actions === undefined ? { target } : { target, actions };

/** Every state accepts these: an object may be deleted, lost or out of reach at any moment. */
const anywhere: Row = {
  "spec.deleted": to("Removing", "discardContainers"),
  "spec.vanished": to("Removing"),
  "container.lost": to("Pending"),
  "container.stopping": to("Stopping"),
};

/** What can be seen of a container that is stopped as declared. */
const stopped: Row = {
  "stopped.held": to("Held"),
  "stopped.released": to("Released"),
  "stopped.kept": to("Stopped"),
  "stopped.absent": to("Stopped"),
  "remove.due": to("Removing", "removeContainer"),
};

/** How a run can end or be ended. */
const ended: Row = {
  "restart.due": to("Starting", "restartContainer"),
  "restart.waiting": to("Backoff"),
  "job.succeeded": to("Completed"),
  "job.failed": to("Failed"),
  stalled: to("Failed"),
  "retry.waiting": to("Backoff"),
};

/** Replacing a container whose configuration is outdated, step by step; the old one stays until the new is good. */
const replacing: Row = {
  "configuration.outdated": to("Creating", "createReplacement"),
  "replacement.created": to("Starting", "startReplacement"),
  "replacement.starting": to("Starting"),
  "replacement.ready": to("Running", "finishReplacement"),
  "replacement.failed": to("Degraded", "rollBack"),
  "replacement.leftover": to("Removing", "removeReplacement"),
};

/** A container that runs, and what may be wrong with it. */
const running: Row = {
  "container.running": to("Running"),
  "container.paused": to("Running", "unpauseContainer"),
  "pause.due": to("Running", "pauseContainer"),
  "paused.kept": to("Paused"),
  "container.misnamed": to("Running", "renameContainer"),
  "limits.drifted": to("Running", "updateContainer"),
  "rolled.back": to("Degraded"),
};

/** The way to a first start. */
const beginning: Row = {
  waiting: to("Pending"),
  "image.missing": to("Preparing", "pullImage"),
  "image.aliased": to("Preparing", "tagImage"),
  "image.pulling": to("Preparing"),
  "image.unbuilt": to("Preparing", "buildImage"),
  "image.building": to("Preparing"),
  assigned: to("Allocated"),
  stalled: to("Failed"),
  "retry.waiting": to("Backoff"),
  "container.created": to("Starting", "startContainer"),
};

/** While it runs, a new image is fetched and more devices are waited for without touching it. */
const runningOn: Row = {
  waiting: to("Running"),
  "image.missing": to("Running", "pullImage"),
  "image.aliased": to("Running", "tagImage"),
  "image.pulling": to("Running"),
  "image.unbuilt": to("Running", "buildImage"),
  "image.building": to("Running"),
  "retry.waiting": to("Running"),
  stalled: to("Degraded"),
};

/** What lives, but not as a plain run. */
const goingOn: Row = {
  ...anywhere,
  ...replacing,
  ...ended,
  ...running,
  ...stopped,
  ...runningOn,
  "stop.due": to("Stopping", "stopContainer"),
};

const states: Readonly<Record<string, { readonly on: Row }>> = {
  // Adopts whatever is found: after a restart, or with a stored state that contradicts the world.
  Pending: {
    on: {
      ...anywhere,
      ...running,
      ...ended,
      ...stopped,
      ...replacing,
      ...beginning,
      "stop.due": to("Stopping", "stopContainer"),
      "spec.rejected": to("Failed"),
    },
  },
  Preparing: { on: { ...anywhere, ...beginning, ...stopped } },
  Allocated: {
    on: { ...anywhere, ...beginning, ...stopped, assigned: to("Creating", "createContainer") },
  },
  Creating: {
    on: {
      ...anywhere,
      ...beginning,
      ...running,
      ...ended,
      ...replacing,
      ...stopped,
      "stop.due": to("Stopping", "stopContainer"),
    },
  },
  Starting: {
    on: {
      ...anywhere,
      ...running,
      ...ended,
      ...replacing,
      ...stopped,
      "container.created": to("Starting", "startContainer"),
      "remove.due": to("Removing", "removeContainer"),
      "stop.due": to("Stopping", "stopContainer"),
    },
  },
  Running: {
    on: {
      ...anywhere,
      ...ended,
      ...replacing,
      ...running,
      ...stopped,
      ...runningOn,
      "stop.due": to("Stopping", "stopContainer"),
    },
  },
  Stopping: {
    on: {
      ...anywhere,
      ...stopped,
      ...ended,
      ...replacing,
      ...running,
      "stop.due": to("Stopping", "stopContainer"),
    },
  },
  Held: {
    on: {
      ...anywhere,
      ...stopped,
      ...replacing,
      ...ended,
      ...running,
      waiting: to("Pending"),
      "limits.drifted": to("Held", "updateContainer"),
    },
  },
  Released: {
    on: {
      ...anywhere,
      ...stopped,
      ...replacing,
      ...ended,
      ...running,
      waiting: to("Pending"),
      "limits.drifted": to("Released", "updateContainer"),
    },
  },
  Stopped: {
    on: {
      ...anywhere,
      ...stopped,
      ...beginning,
      ...replacing,
      ...ended,
      ...running,
      "stop.due": to("Stopping", "stopContainer"),
      "limits.drifted": to("Stopped", "updateContainer"),
    },
  },
  Removing: { on: { ...anywhere, ...stopped, ...beginning, ...replacing, ...ended, ...running } },
  Completed: {
    on: {
      ...anywhere,
      ...ended,
      ...running,
      "remove.due": to("Removing", "removeContainer"),
      "limits.drifted": to("Completed", "updateContainer"),
    },
  },
  Failed: {
    on: {
      ...anywhere,
      ...beginning,
      ...ended,
      ...running,
      ...stopped,
      "spec.rejected": to("Failed"),
      "remove.due": to("Removing", "removeContainer"),
      "limits.drifted": to("Failed", "updateContainer"),
    },
  },
  Backoff: {
    on: {
      ...anywhere,
      ...beginning,
      ...ended,
      ...running,
      ...replacing,
      ...stopped,
      "stop.due": to("Stopping", "stopContainer"),
    },
  },
  Paused: { on: goingOn },
  Degraded: { on: goingOn },
};

/**
 * The law of the lifecycle, used as a pure table: no actor runs, nothing is invoked, no timer is set. An
 * unreachable engine changes no state, so `engine.unreachable` has no row.
 */
export const lifecycleMachine = createMachine({
  id: "container",
  initial: "Pending",
  states,
} as Parameters<typeof createMachine>[0]);

/** Legal next facts of a state with target and action, for the diagram and for tests. */
export function lifecycleTable(): Readonly<Record<string, Row>> {
  return Object.fromEntries(Object.entries(states).map(([state, { on }]) => [state, on]));
}
