import type { EngineState, GpuClaims, ObservedContainer } from "../../src/core/observed.ts";
import type { DesiredContainer } from "../../src/core/plan/desired-container.ts";
import { allNodes } from "../../src/core/plan/drift.ts";
import type { FakeImage } from "./fake-images.ts";

/** A container of the fake; tests may change everything in it. */
export type FakeContainer = {
  -readonly [Field in keyof ObservedContainer]: ObservedContainer[Field];
};

/** The container as Docker shows it right after create. */
export function containerOf(
  desired: DesiredContainer,
  image: FakeImage,
  id: string,
  now: number,
): FakeContainer {
  const { entrypoint, command } = desired;
  return {
    id,
    name: desired.name,
    state: "created",
    labels: { ...desired.labels },
    createdAt: now,
    startedAt: null,
    finishedAt: null,
    exitCode: null,
    oomKilled: false,
    error: "",
    health: null,
    pid: null,
    lingering: false,
    config: {
      image: desired.image,
      imageId: image.id,
      entrypoint: entrypoint ?? image.entrypoint,
      // An own entrypoint drops the image's command, for that was meant for the image's entrypoint.
      command: command ?? (entrypoint === null || entrypoint.length === 0 ? image.command : []),
      workingDir: desired.workingDir ?? image.workingDir,
      environment: {
        ...image.environment,
        ...(desired.home === null ? {} : { HOME: desired.home }),
        ...desired.environment,
      },
      user: desired.user ?? image.user,
      mounts: desired.mounts.toSorted((left, right) => (left.target < right.target ? -1 : 1)),
      ports: desired.ports.toSorted((left, right) => left.containerPort - right.containerPort),
      network: desired.network,
      ipc: desired.ipc,
      process: desired.process,
      security: { ...desired.security, devices: allNodes(desired) },
      ulimits: desired.ulimits,
      cgroupParent: desired.cgroupParent ?? "",
      restartPolicy: "no",
      cpus: desired.cpus,
      memoryBytes: desired.memoryBytes,
      memorySwapBytes: desired.memoryBytes === null ? null : desired.memorySwapBytes,
      shmSizeBytes: desired.shmSizeBytes ?? 64 * 1024 ** 2,
      pidsLimit: desired.pidsLimit,
      ioWeight: desired.ioWeight,
      ioRates: desired.ioRates,
    },
    gpuClaims: claimsOf(desired),
  };
}

function claimsOf({ attachment }: DesiredContainer): GpuClaims {
  const names = attachment.deviceRequests.flatMap(({ deviceIds }) =>
    deviceIds.map((id) => id.replace(/^nvidia\.com\/gpu=/, "")),
  );
  return { all: names.includes("all"), ids: [...new Set(names)].filter((name) => name !== "all").toSorted() };
}

/** It has processes: it can be stopped and not removed. */
export function isAlive(state: EngineState): boolean {
  return state === "running" || state === "paused" || state === "restarting";
}

/** The words of `docker ps`. */
export function statusText({ state, exitCode, health }: FakeContainer): string {
  if (state === "exited") return `Exited (${exitCode})`;
  if (state === "paused") return "Up (Paused)";
  if (state === "running") return health === null ? "Up" : `Up (${health})`;
  return state === "created" ? "Created" : state;
}

/** Where a port listens on the host; nothing when Docker chooses. */
export function hostAddress(port: DesiredContainer["ports"][number]): string[] {
  return port.hostPort === null ? [] : [`${port.hostIp}:${port.hostPort}/${port.protocol}`];
}

/** A reference without tag means latest. */
export function withTag(reference: string): string {
  return /[:@]/.test(reference.slice(reference.lastIndexOf("/") + 1)) ? reference : `${reference}:latest`;
}
