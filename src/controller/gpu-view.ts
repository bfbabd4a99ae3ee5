import { cutIntoSlices, type GpuState, type GpuStatus } from "../api/gpu.ts";
import { cordonText, type Cordon } from "../core/health/cordon.ts";
import type { DeviceHealth } from "../core/health/device-health.ts";
import { signalText } from "../core/health/signals.ts";
import type { HostView } from "../core/host-view.ts";
import { describeRoom } from "../core/schedule/describe-cut.ts";
import { overlap } from "../core/schedule/device-order.ts";
import type { KeptDevices } from "../core/reservation/keep-devices.ts";
import type { Device, Inventory } from "../core/schedule/device.ts";
import { foreignContainerText } from "../core/schedule/foreign-container.ts";
import type { Lease } from "../core/schedule/lease.ts";
import { formatPlacement } from "../core/schedule/placement.ts";
import { formatTime } from "../core/format-time.ts";
import type { GpuRecord, View, ViewChange } from "../ports/control-plane.ts";
import { canonicalJson } from "../util/hash.ts";

/** Gpu objects, computed from inventory and leases; watchers are told only of real changes. */
export class GpuView implements View<GpuRecord> {
  readonly #nextResourceVersion: () => number;
  readonly #startedAt: number;
  readonly #listeners = new Set<(change: ViewChange<GpuRecord>) => void>();
  /** By slot. */
  readonly #records = new Map<string, GpuRecord>();

  constructor(nextResourceVersion: () => number, startedAt: number) {
    this.#nextResourceVersion = nextResourceVersion;
    this.#startedAt = startedAt;
  }

  list(): readonly GpuRecord[] {
    return [...this.#records.values()];
  }

  onChange(listener: (change: ViewChange<GpuRecord>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Recomputes all objects. One is known by its slot: another device under the same number is another object. */
  update(inventory: Inventory, view: HostView): void {
    const present = new Map(inventory.devices.map(({ slot, uuid }) => [slot, uuid]));
    for (const [slot, record] of this.#records) {
      if (present.get(slot) === record.uid) continue;
      this.#records.delete(slot);
      this.#tell({ type: "DELETED", object: { ...record, resourceVersion: this.#nextResourceVersion() } });
    }
    for (const device of inventory.devices) {
      this.#put(device, { ...statusOf(device, inventory, view.leases), ...reservationOf(device, view.kept) });
    }
  }

  #put(device: Device, status: GpuStatus): void {
    const spec = specOf(device);
    const before = this.#records.get(device.slot);
    const same =
      before !== undefined && canonicalJson([before.spec, before.status]) === canonicalJson([spec, status]);
    if (same) return;
    const record: GpuRecord = {
      name: device.slot,
      uid: device.uuid,
      createdAt: before?.createdAt ?? this.#startedAt,
      resourceVersion: this.#nextResourceVersion(),
      spec,
      status,
    };
    this.#records.set(device.slot, record);
    this.#tell({ type: before === undefined ? "ADDED" : "MODIFIED", object: record });
  }

  #tell(change: ViewChange<GpuRecord>): void {
    for (const listener of this.#listeners) listener(change);
  }
}

function specOf(device: Device): GpuRecord["spec"] {
  return {
    uuid: device.uuid,
    index: device.index,
    model: device.model,
    memoryBytes: device.memoryBytes,
    gpuEquivalents: device.gpuEquivalents,
    ...(device.computeCapability === null ? {} : { computeCapability: device.computeCapability }),
    ...(device.profile === null ? {} : { profile: device.profile }),
    ...(device.parentUuid === null ? {} : { parent: device.parentUuid }),
    ...(device.placement === undefined ? {} : { placement: formatPlacement(device.placement) }),
    ...(device.gpuInstance === undefined ? {} : { gpuInstance: device.gpuInstance }),
    ...(device.sharing === undefined
      ? {}
      : { sharing: { replicas: device.sharing.replicas, isolated: false } }),
    ...schedulingOf(device),
  };
}

/** What an admin has said about this device itself. */
function schedulingOf({
  uuid,
  cordon,
}: Device): Pick<GpuRecord["spec"], "drain" | "unschedulable" | "unschedulableReason"> {
  if (cordon?.uuid !== uuid) return {};
  return {
    unschedulable: true,
    ...(cordon.reason === null ? {} : { unschedulableReason: cordon.reason }),
    ...(cordon.drain === true ? { drain: true } : {}),
  };
}

function statusOf(device: Device, inventory: Inventory, leases: readonly Lease[]): GpuStatus {
  const usage = inventory.usage.get(device.uuid);
  const own = leases.filter(({ deviceUuid }) => deviceUuid === device.uuid);
  const [lease] = own;
  const inUse = own.filter(({ state }) => state === "InUse");
  const users = inUse.flatMap((one) => holderText(one) ?? []);
  const foreign = inUse
    .filter(({ holder }) => holder.type !== "object")
    .flatMap((one) => holderText(one) ?? []);
  return {
    state: stateOf(device, inventory, lease),
    holder:
      lease?.holder.type === "object" ? { namespace: lease.holder.namespace, name: lease.holder.name } : null,
    until: lease?.until == null ? null : formatTime(lease.until),
    memoryUsedBytes: usage?.memoryUsedBytes ?? null,
    utilizationPercent: usage?.utilizationPercent ?? null,
    reason: reasonOf(device, inventory, lease, users),
    ...(foreign.length === 0 ? {} : { foreign }),
    ...(device.cutting === undefined ? {} : { room: [...describeRoom(device.cutting)] }),
    ...(device.cordon === undefined ? {} : { cordon: cordonOf(device.cordon, inventory) }),
    ...(device.health === undefined ? {} : { health: healthOf(device.health) }),
  };
}

/** The soonest window for which the device, its card or a slice of it is kept. */
function reservationOf(device: Device, kept: readonly KeptDevices[]): Pick<GpuStatus, "reservation"> {
  const [soonest] = kept
    .filter(({ devices }) => devices.some((own) => overlap(own, device)))
    .toSorted((left, right) => left.booking.window.from - right.booking.window.from);
  if (soonest === undefined) return {};
  const { name, window } = soonest.booking;
  return { reservation: { name, from: formatTime(window.from), until: formatTime(window.until) } };
}

function healthOf({ state, since, signals, retestAt }: DeviceHealth): NonNullable<GpuStatus["health"]> {
  return {
    state,
    since: formatTime(since),
    signals: signals.map(signalText),
    ...(retestAt === null ? {} : { retestAt: formatTime(retestAt) }),
  };
}

function cordonOf(
  { uuid, by, at, reason }: Cordon,
  { devices }: Inventory,
): NonNullable<GpuStatus["cordon"]> {
  const gpu = devices.find((device) => device.uuid === uuid)?.slot ?? uuid;
  return { by, since: formatTime(at), ...(reason === null ? {} : { reason }), gpu };
}

function stateOf(device: Device, inventory: Inventory, lease: Lease | undefined): GpuState {
  // Both also while somebody holds it, who stands beside it: an admin looks whether their word is heard.
  if (device.cordon !== undefined) return "Cordoned";
  if (!device.healthy) return "Unhealthy";
  if (lease !== undefined && lease.state !== "InUse") return lease.state;
  if (lease !== undefined) return "InUse";
  // Unknown is never free.
  return inventory.ready ? "Free" : "Unhealthy";
}

function reasonOf(
  device: Device,
  inventory: Inventory,
  lease: Lease | undefined,
  users: readonly string[],
): string | null {
  if (device.cordon !== undefined) {
    return [cordonText(device.cordon), ...(device.healthy ? [] : [device.unhealthyReason]), ...users].join(
      "; ",
    );
  }
  if (!device.healthy) return device.unhealthyReason;
  if (!inventory.ready) return inventory.message;
  if (lease?.state === "InUse") return users.join(", ");
  if (lease !== undefined) return holderText(lease);
  if (device.sharing?.replica === null) return "shared in time slices, not isolated";
  return device.migEnabled ? cutIntoSlices : null;
}

/** `pid 4121 (dave, host)`, `container web (dave, docker)`, or what ends a lease of ours. */
export function holderText(lease: Lease): string | null {
  switch (lease.holder.type) {
    case "process": {
      const { pid, processName, user, containerName } = lease.holder;
      if (pid === 0) return processName;
      if (containerName !== null) return `pid ${pid} (of ${containerName}, which has another device)`;
      return `pid ${pid} (${user ?? "unknown user"}, host)`;
    }
    case "unmanaged":
      return foreignContainerText({ ...lease.holder, name: lease.holder.containerName });
    case "reservation":
      return `reserved for ${lease.holder.name}`;
    case "object":
      return lease.gone === undefined ? lease.untilCause : `in use by work whose ${lease.gone} is gone`;
  }
}
