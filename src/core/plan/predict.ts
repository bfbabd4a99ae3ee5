import type { EngineState, ObservedContainer } from "../observed.ts";
import type { Decision } from "../decision.ts";
import { deviceUuidsOf } from "../expiry.ts";
import type { World } from "../world.ts";
import type { DesiredContainer } from "./desired-container.ts";
import { allNodes, namedDevices } from "./drift.ts";
import type { Step } from "./step.ts";

/** The world as it is expected after a decision has been carried out: for previews and convergence tests. */
export function predict(world: World, decision: Decision, now: number): World {
  const stepped = decision.steps.reduce((current, step) => applyStep(current, step, now), world);
  // That the log was read; what is in it nobody can foretell.
  const keptLog = decision.keepLog && { keptLog: { ...decision.keepLog, text: "" } };
  const memory = { ...decision.memory, ...keptLog };
  const record = { ...stepped.record, memory, status: decision.status };
  return withClaim({ ...stepped, record });
}

function applyStep(world: World, step: Step, now: number): World {
  switch (step.do) {
    case "build":
    case "tag":
    case "pull":
      return { ...world, image: { type: "present", id: "sha256:pulled" } };
    case "makeHostPath": {
      const made = { realPath: step.path, kind: step.kind };
      return { ...world, hostPaths: new Map([...world.hostPaths, [step.path, made]]) };
    }
    case "create":
      return { ...world, containers: [...world.containers, createdContainer(step.container, now)] };
    case "seed":
      return world;
    case "start":
      return change(world, step, (container) => ({ ...running(container, now), exitCode: null }));
    case "pause":
      return change(world, step, (container) => ({ ...container, state: "paused" }));
    case "unpause":
      return change(world, step, (container) => running(container, container.startedAt ?? now));
    case "stop":
      return change(world, step, (container) => ({
        ...container,
        state: "exited",
        finishedAt: now,
        exitCode: 143,
        pid: null,
      }));
    case "remove":
      return { ...world, containers: world.containers.filter((container) => !isMeant(container, step)) };
    case "rename":
      return change(world, step, (container) => ({ ...container, name: step.to }));
    case "update":
      return change(world, step, (container) => ({
        ...container,
        config: {
          ...container.config,
          ...step.limits,
          ...(step.restartPolicyNo ? { restartPolicy: "no" } : {}),
        },
      }));
  }
}

function change(
  world: World,
  step: { readonly name: string; readonly id: string | null },
  update: (container: ObservedContainer) => ObservedContainer,
): World {
  return {
    ...world,
    containers: world.containers.map((container) =>
      isMeant(container, step) ? update(container) : container,
    ),
  };
}

function isMeant(
  container: ObservedContainer,
  step: { readonly name: string; readonly id: string | null },
): boolean {
  return step.id === null ? container.name === step.name : container.id === step.id;
}

function running(container: ObservedContainer, startedAt: number): ObservedContainer {
  const state: EngineState = "running";
  return {
    ...container,
    state,
    startedAt,
    finishedAt: null,
    pid: 1,
    health: container.health === null ? null : "healthy",
  };
}

/** What inspect would show of a container that was just created as desired. */
export function createdContainer(desired: DesiredContainer, now: number): ObservedContainer {
  return {
    id: `predicted-${desired.name}-${now}`,
    name: desired.name,
    state: "created",
    labels: desired.labels,
    createdAt: now,
    startedAt: null,
    finishedAt: null,
    exitCode: null,
    oomKilled: false,
    error: "",
    health: null,
    pid: null,
    lingering: null,
    config: {
      image: desired.image,
      imageId: "",
      entrypoint: desired.entrypoint ?? [],
      command: desired.command ?? [],
      workingDir: desired.workingDir ?? "",
      environment: desired.environment,
      user: desired.user ?? "",
      mounts: desired.mounts,
      ports: desired.ports,
      network: desired.network,
      ipc: desired.ipc,
      process: desired.process,
      security: { ...desired.security, devices: allNodes(desired) },
      restartPolicy: "no",
      ulimits: desired.ulimits,
      cgroupParent: desired.cgroupParent ?? "",
      cpus: desired.cpus,
      memoryBytes: desired.memoryBytes,
      memorySwapBytes: desired.memorySwapBytes,
      shmSizeBytes: desired.shmSizeBytes,
      pidsLimit: desired.pidsLimit,
      ioWeight: desired.ioWeight,
      ioRates: desired.ioRates,
    },
    gpuClaims: { all: false, ids: namedDevices(desired.attachment) ?? [] },
  };
}

/** After a create the object holds what it was assigned; without containers it holds nothing. */
function withClaim(world: World): World {
  const uuids = new Set(world.containers.flatMap(deviceUuidsOf));
  if (uuids.size === 0) return { ...world, claim: null };
  const { record } = world;
  const claim: World["claim"] = {
    uid: record.uid,
    namespace: record.namespace,
    name: record.name,
    deviceUuids: lastCreated(world),
    state: "Allocated",
    until: null,
    untilCause: null,
    containerIds: world.containers.map(({ id }) => id),
  };
  return { ...world, claim, schedule: world.schedule?.type === "assigned" ? null : world.schedule };
}

function lastCreated(world: World): readonly string[] {
  const newest = world.containers.toSorted((a, b) => b.createdAt - a.createdAt)[0];
  return newest === undefined ? [] : deviceUuidsOf(newest);
}
