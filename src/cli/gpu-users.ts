import type { ContainerStatus } from "../api/container.ts";
import type { ApiObject } from "../api/meta.ts";
import type { Context } from "./context.ts";
import type { GpuObject } from "./schedulable.ts";
import { kindOf, targetText } from "./target.ts";

/** Somebody who uses a GPU or a slice of it. */
export interface GpuUser {
  /** `alice/train`, or who it is that ds01 does not manage. */
  readonly name: string;
  /** How its use ends, in words. */
  readonly ends: string;
  /** False for what is stopped and only keeps its place: it would not start there again. */
  readonly runs: boolean;
  readonly managed: boolean;
  /** What it waits for, when it waits for something; empty otherwise. */
  readonly waitsFor: string;
}

const atRest: ReadonlySet<string> = new Set([
  "Pending",
  "Held",
  "Released",
  "Stopped",
  "Backoff",
  "Completed",
  "Failed",
  "Removing",
]);

/** Who uses a GPU now, slices included; containers first. */
export async function gpuUsers(gpu: GpuObject, context: Context): Promise<readonly GpuUser[]> {
  const [gpus, containers] = await Promise.all([
    context.client.list(kindOf("Gpu"), {}),
    context.client.list(kindOf("ContainerSpec"), {}),
  ]);
  const { uid } = gpu.metadata;
  const devices = (gpus.items as readonly GpuObject[]).filter(
    ({ metadata, spec }) => metadata.uid === uid || spec?.parent === uid,
  );
  const uuids = new Set(devices.map(({ metadata }) => metadata.uid));
  const managed = containers.items.flatMap((object) => {
    const status = object.status as ContainerStatus | undefined;
    const holds = status?.gpus.some(({ uuid }) => uuids.has(uuid)) ?? false;
    return status === undefined || !holds ? [] : [managedUser(object, status)];
  });
  const foreign = new Set(devices.flatMap(({ status }) => status?.foreign ?? []));
  return [...managed, ...[...foreign].map(foreignUser)];
}

function managedUser({ metadata }: ApiObject, status: ContainerStatus): GpuUser {
  const runs = !atRest.has(status.phase);
  const waits = status.reason === "WaitingForDevices" || status.queue !== undefined;
  return {
    name: targetText(metadata),
    ends: runs ? howItEnds(status) : `${status.phase}, not started there again`,
    runs,
    managed: true,
    waitsFor: waits ? (status.message ?? "") : "",
  };
}

function howItEnds({ phase, expiresAt }: ContainerStatus): string {
  return expiresAt === undefined
    ? `${phase}, until it ends by itself or is stopped`
    : `${phase}, until ${expiresAt} (maxRuntime) at the latest`;
}

function foreignUser(name: string): GpuUser {
  return { name, ends: "not ds01's: only its owner can end it", runs: true, managed: false, waitsFor: "" };
}
