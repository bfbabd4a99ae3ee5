import type { GpuDetails, GpuObstacle, GpuProcessLine, GpuUsageLine } from "../api/gpu-answers.ts";
import { formatTime } from "../core/format-time.ts";
import type { HostView } from "../core/host-view.ts";
import type { ObservedContainer } from "../core/observed.ts";
import { judgeDevices, mismatch, type DeviceRefusal } from "../core/schedule/allocate.ts";
import type { Device, DeviceProcess, Inventory } from "../core/schedule/device.ts";
import { linkBetween } from "../core/schedule/device-links.ts";
import { compareDevices } from "../core/schedule/device-order.ts";
import { classifyRefusal } from "../core/schedule/explain.ts";
import type { DeviceDemand, Lease } from "../core/schedule/lease.ts";
import { requirementOf } from "../core/schedule/requirement.ts";
import type { GpuRecord } from "../ports/control-plane.ts";
import { holderText } from "./gpu-view.ts";

/** What is known of all devices at one moment. */
export interface GpuScene {
  readonly inventory: Inventory;
  readonly view: HostView;
  readonly gpus: readonly GpuRecord[];
  /** All containers of the engine. */
  readonly containers: readonly ObservedContainer[];
}

/** Why the allocator would give the device to nobody now, whatever they ask for; empty when it would. */
export function gpuObstacles(device: Device, { inventory, view }: GpuScene): readonly GpuObstacle[] {
  if (!inventory.ready) return [{ reason: "GpuStackNotReady", message: inventory.message }];
  const { refusals } = judgeDevices(anybody(device), inventory.devices, view.leases);
  const refusal = refusals.find((one) => one.device.uuid === device.uuid);
  if (refusal === undefined) return [];
  if (refusal.leases.length === 0) return [obstacle(refusal, refusal.clause)];
  return refusal.leases.map((lease) => obstacle({ ...refusal, leases: [lease] }, lease.state));
}

/** A request that the device fits, by somebody who holds nothing. */
function anybody({ kind, profile, sharing }: Device): DeviceDemand {
  return {
    uid: "",
    namespace: "",
    name: "",
    ...requirementOf({ count: 1, ...(profile === null ? {} : { profile }) }),
    ...(kind === undefined ? {} : { kind }),
    ...(sharing?.replica == null ? {} : { sharers: sharing.replicas }),
    priority: 0,
    submittedAt: 0,
    preferred: [],
    reclaims: false,
    ready: true,
    quotaLeft: null,
    quotaText: null,
    maxRuntimeMs: null,
  };
}

function obstacle(refusal: DeviceRefusal, reason: string): GpuObstacle {
  const [lease] = refusal.leases;
  const { title, detail } = classifyRefusal(refusal, formatTime);
  const who = lease === undefined || lease.holder.type === "object" ? detail : holderText(lease);
  return { reason, message: who === null ? title : `${title}: ${who}` };
}

/** What `ds01 describe gpu` tells beside the object. */
export function describeGpu(device: Device, scene: GpuScene): GpuDetails {
  const { inventory, view } = scene;
  const lease = view.leases.find(({ deviceUuid }) => deviceUuid === device.uuid);
  const others = inventory.devices.filter(
    ({ uuid, parentUuid }) => parentUuid === null && uuid !== (device.parentUuid ?? device.uuid),
  );
  const waiting = view.demands
    .filter((demand) => mismatch(demand, device) === undefined)
    .flatMap(({ uid, namespace, name }) => {
      const outcome = view.outcomes.get(uid);
      if (outcome?.type !== "waiting" || outcome.never) return [];
      const eta = outcome.eta === null ? null : new Date(outcome.eta).toISOString();
      return [{ namespace, name, position: outcome.position, eta }];
    });
  return {
    slot: device.slot,
    uuid: device.uuid,
    untilCause: lease?.holder.type === "object" ? lease.untilCause : null,
    processes: processesOf(device, scene),
    links:
      device.links === null
        ? null
        : others
            .toSorted(compareDevices)
            .map((other) => ({ slot: other.slot, way: linkBetween(device, other) ?? "unknown" })),
    waiting: waiting.toSorted((left, right) => left.position - right.position),
  };
}

/** One line of `ds01 top gpus`. */
export function gpuUsageLine(device: Device, scene: GpuScene): GpuUsageLine {
  const usage = scene.inventory.usage.get(device.uuid);
  const status = scene.gpus.find(({ uid }) => uid === device.uuid)?.status;
  const { slot, uuid, model, profile, memoryBytes } = device;
  return {
    slot,
    uuid,
    model,
    profile,
    memoryBytes,
    memoryUsedBytes: usage?.memoryUsedBytes ?? null,
    utilizationPercent: usage?.utilizationPercent ?? null,
    state: status?.state ?? "Unhealthy",
    holder:
      status?.holder == null ? (status?.reason ?? null) : `${status.holder.namespace}/${status.holder.name}`,
    processes: processesOf(device, scene),
  };
}

function processesOf(device: Device, scene: GpuScene): readonly GpuProcessLine[] {
  const { inventory, view } = scene;
  const own = view.leases.filter(({ deviceUuid }) => deviceUuid === device.uuid);
  return (inventory.usage.get(device.uuid)?.processes ?? []).map((process) => ({
    pid: process.pid,
    name: process.name,
    user: process.user,
    memoryBytes: process.memoryBytes ?? null,
    ...containerOf(process, own, scene),
  }));
}

function containerOf(
  { containerId, outerContainerIds = [] }: DeviceProcess,
  leases: readonly Lease[],
  { view, containers }: GpuScene,
): Pick<GpuProcessLine, "container" | "owner"> {
  if (containerId === null) return { container: null, owner: null };
  const ids = [containerId, ...outerContainerIds.toReversed()];
  const ours = [...view.claims.values()].find((claim) => claim.containerIds.some((id) => ids.includes(id)));
  if (ours !== undefined) return { container: `${ours.namespace}/${ours.name}`, owner: ours.namespace };
  const foreign = leases.find(
    ({ holder }) => holder.type === "unmanaged" && ids.includes(holder.containerId),
  );
  if (foreign?.holder.type === "unmanaged") {
    return { container: foreign.holder.containerName, owner: foreign.holder.owner };
  }
  const known = containers.find(({ id }) => ids.includes(id));
  return { container: known?.name ?? containerId.slice(0, 12), owner: null };
}
