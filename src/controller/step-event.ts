import type { Announcement } from "../core/decision.ts";
import { isReplacementName } from "../core/plan/container-name.ts";
import type { Step } from "../core/plan/step.ts";
import type { World } from "../core/world.ts";

/** The event that goes with a step: what is done, and why (I4). */
export function stepEvent(step: Step, world: World): Announcement {
  switch (step.do) {
    case "pull":
      return normal("Pulling", `pulling ${step.image}`);
    case "build":
      return normal("Building", `building ${step.image}: ds01 logs NAME --build shows how it goes`);
    case "tag":
      return normal("ImageAliased", `${step.image} is tagged as ${step.as}: ${step.cause}`);
    case "makeHostPath":
      return normal("MakingHostPath", `making ${step.path} as its owner: ${step.cause}`);
    case "create":
      return createEvent(step, world);
    case "seed":
      return normal("Seeding", `${seedText(step)}: ${step.cause}`);
    case "start":
      return startEvent(step, world);
    case "pause":
    case "unpause":
    case "stop":
    case "remove":
    case "update":
      return normal(told[step.do], step.cause);
    case "rename":
      return normal(
        "Renamed",
        `${step.cause}; renamed ${isReplacementName(step.name) ? "" : "back "}to ${step.to}`,
      );
  }
}

/** The event at the end of a step whose beginning was told long before; null for all others. */
export function stepDone(step: Step): Announcement | null {
  if (step.do === "pull") return normal("Pulled", `${step.image} is here`);
  return step.do === "build" ? normal("Built", `${step.image} is built`) : null;
}

function createEvent({ container, cause }: Extract<Step, { do: "create" }>, world: World): Announcement {
  const slots = container.labels["ds01.gpu.slots"] ?? "";
  const gpu = slots === "" ? "" : ` with GPU ${slots}`;
  return normal(world.containers.length > 0 ? "Recreating" : "Creating", `${cause}${gpu}`);
}

function startEvent({ id, cause }: Extract<Step, { do: "start" }>, world: World): Announcement {
  const ranBefore = world.containers.some((one) => one.id === id && one.startedAt !== null);
  return normal(ranBefore ? "Restarted" : "Started", cause);
}

/** What the event of a step is called that needs no more words than its cause. */
const told = {
  pause: "Paused",
  unpause: "Unpaused",
  stop: "Stopping",
  remove: "Removing",
  update: "Updated",
} as const;

function seedText({ copies, volumes }: Extract<Step, { do: "seed" }>): string {
  const files = copies.map(({ from, to }) => `copying ${from} to ${to}`);
  return [...files, ...(volumes.length === 0 ? [] : ["giving empty volumes to its user"])].join(", ");
}

function normal(reason: string, message: string): Announcement {
  return { type: "Normal", reason, message };
}

/** What the event of a step that failed is called. */
export const stepFailed = {
  pull: "PullFailed",
  makeHostPath: "HostPathNotMade",
  build: "ImageBuildFailed",
  tag: "TagFailed",
  create: "CreateFailed",
  seed: "SeedFailed",
  start: "StartFailed",
  pause: "PauseFailed",
  unpause: "UnpauseFailed",
  stop: "StopFailed",
  remove: "RemoveFailed",
  rename: "RenameFailed",
  update: "UpdateFailed",
} as const satisfies Record<Step["do"], string>;
