import type { Phase } from "../../src/api/container.ts";
import type { FactType } from "../../src/core/lifecycle/fact-types.ts";
import type { LifecycleAction } from "../../src/core/lifecycle/machine.ts";

/** What a phase means to the person who wrote the spec. */
export const phaseWords: Readonly<Record<Phase, string>> = {
  Pending: "waits: for a GPU, for quota, for its turn; the reason and the place in the queue say for what",
  Preparing: "its image is being pulled; no GPU is taken yet",
  Allocated: "image and GPUs are there",
  Creating: "the container is being created; from here on the GPUs are its own",
  Starting: "created, and being started",
  Running: "the process runs as declared",
  Paused: "its processes hold still, as declared; it keeps its GPU and its memory",
  Stopping: "asked to stop; it has its stop grace period",
  Held: "stopped, and its GPUs are kept for it (`holdGpuAfterStop`)",
  Released: "stopped, its GPUs are free for others, the container is kept (`removeAfterStop`)",
  Stopped: "stopped as declared, and it holds no GPU",
  Removing: "the container is being removed",
  Completed: "a job that is done",
  Backoff: "ended or failed, and is tried again at the time in the status",
  Failed: "cannot go on until somebody changes something; the message says what",
  Degraded: "runs, but not as the spec says now: the change could not be made, so the old container goes on",
};

interface FactWords {
  /** What ds01 sees, as one would tell a colleague. */
  readonly says: string;
  /** Phases from which the diagram draws it; the table has all of them. */
  readonly drawnFrom: readonly Phase[];
}

/** Every fact in words; a fact without a row does not compile. */
export const factWords: Readonly<Record<FactType, FactWords>> = {
  "engine.unreachable": { says: "Docker does not answer", drawnFrom: [] },
  "spec.rejected": { says: "the spec is refused and no good one is known", drawnFrom: ["Pending"] },
  "spec.deleted": { says: "the spec is deleted", drawnFrom: [] },
  "spec.vanished": { says: "the spec file is gone and its grace runs", drawnFrom: [] },
  waiting: { says: "something it needs is missing", drawnFrom: ["Preparing", "Released"] },
  "image.missing": { says: "the image is not here yet", drawnFrom: ["Pending", "Backoff"] },
  "image.aliased": { says: "the image is here by another name of the spec", drawnFrom: ["Pending"] },
  "image.pulling": { says: "the image is being pulled", drawnFrom: [] },
  "image.unbuilt": { says: "its image is not built yet", drawnFrom: ["Pending"] },
  "image.building": { says: "its image is being built", drawnFrom: [] },
  assigned: { says: "everything it needs is there", drawnFrom: ["Pending", "Preparing", "Allocated"] },
  stalled: { says: "it cannot work as written", drawnFrom: ["Preparing"] },
  "retry.waiting": { says: "a step failed and is tried again later", drawnFrom: ["Preparing"] },
  "container.created": { says: "the container is created", drawnFrom: ["Creating"] },
  "container.running": { says: "the container runs", drawnFrom: ["Starting"] },
  "container.paused": { says: "it is paused and should not be", drawnFrom: ["Paused"] },
  "pause.due": { says: "it runs and should be paused", drawnFrom: [] },
  "paused.kept": { says: "it is paused as declared", drawnFrom: ["Running"] },
  "container.lost": { says: "the container is gone", drawnFrom: [] },
  "container.stopping": { says: "the container is being stopped", drawnFrom: [] },
  "container.misnamed": { says: "somebody renamed the container", drawnFrom: [] },
  "limits.drifted": { says: "its limits are not the declared ones", drawnFrom: [] },
  "configuration.outdated": {
    says: "the spec changed in a way that needs a new container",
    drawnFrom: ["Running", "Degraded"],
  },
  "replacement.created": { says: "the new container is created, the old one stopped", drawnFrom: [] },
  "replacement.starting": { says: "the new container has not proved itself yet", drawnFrom: [] },
  "replacement.ready": { says: "the new container is good", drawnFrom: [] },
  "replacement.failed": { says: "the new container is no good", drawnFrom: ["Starting"] },
  "replacement.leftover": { says: "a new container is no longer wanted", drawnFrom: [] },
  "rolled.back": { says: "the old container runs again", drawnFrom: [] },
  "restart.due": { says: "it ended and should run", drawnFrom: ["Running", "Backoff", "Held"] },
  "restart.waiting": { says: "it ended again, the next start comes later", drawnFrom: ["Running"] },
  "stop.due": { says: "it should stop, or its maxRuntime is over", drawnFrom: ["Running"] },
  "stopped.held": { says: "stopped, inside the hold", drawnFrom: ["Stopping"] },
  "stopped.released": { says: "stopped, the hold is over", drawnFrom: ["Held"] },
  "stopped.kept": { says: "stopped, it had no GPU", drawnFrom: ["Stopping"] },
  "stopped.absent": { says: "stopped as declared, no container", drawnFrom: ["Removing"] },
  "remove.due": {
    says: "the container is not to be kept any longer",
    drawnFrom: ["Released", "Stopped", "Completed", "Failed"],
  },
  "job.succeeded": { says: "the job is done", drawnFrom: ["Running"] },
  "job.failed": { says: "the job failed for good", drawnFrom: ["Running"] },
};

/** What ds01 does, as a verb and its object. */
export const actionWords: Readonly<Record<LifecycleAction, string>> = {
  pullImage: "pull the image",
  buildImage: "build the image",
  tagImage: "give the image its name",
  createContainer: "create the container",
  startContainer: "start it",
  unpauseContainer: "unpause it",
  pauseContainer: "pause it",
  restartContainer: "start it again",
  stopContainer: "stop it",
  removeContainer: "remove the container",
  renameContainer: "give it its name back",
  updateContainer: "set the limits, without a restart",
  createReplacement: "create the new container beside the old one",
  startReplacement: "start the new one",
  finishReplacement: "remove the old one",
  rollBack: "start the old one again",
  removeReplacement: "remove the new one",
  discardContainers: "stop and remove the container",
};
