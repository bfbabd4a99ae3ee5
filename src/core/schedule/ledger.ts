import type { Device, DeviceProcess, DeviceUsage, Inventory } from "./device.ts";
import { compareDevices, physicalUuid } from "./device-order.ts";
import { resolveReference } from "./device-reference.ts";
import type { ForeignContainer } from "./foreign-container.ts";
import { describeGiven, type GoneDevice, inPlaceOf } from "./given-devices.ts";
import type { Lease, LeaseHolder, ManagedClaim, UnmanagedClaim } from "./lease.ts";

/** What the ledger is computed from: everything that was observed, nothing remembered. */
export interface LedgerInput {
  readonly devices: readonly Device[];
  readonly managed: readonly ManagedClaim[];
  readonly unmanaged: readonly UnmanagedClaim[];
  readonly usage: ReadonlyMap<string, DeviceUsage>;
  /** A container of the engine by its id, for processes in containers that claim nothing. */
  readonly containerById?: (id: string) => ForeignContainer | undefined;
}

/** An idle card reports up to some 60 MiB; more than this without a known user is somebody's (peers 5.4). */
const cleanMemoryBytes = 100 * 1024 ** 2;

/** Stands for memory in use that nobody owns up to. */
const foreignMemory: LeaseHolder = {
  type: "process",
  pid: 0,
  processName: "ForeignMemory",
  user: null,
  containerName: null,
};

/**
 * Who holds which device, in slot order, managed holders first. A lease on a GPU is repeated for each of its
 * slices; a device that has vanished stays listed under the UUID (or the name) it was claimed by.
 */
export function computeLeases(input: LedgerInput): readonly Lease[] {
  const ledger = new Ledger(input.devices);
  const containers = new Map<string, readonly string[]>();
  for (const claim of input.managed) {
    const gone = claim.gone ?? [];
    const taken = gone.flatMap((given) => leftovers(claim, given, input.devices));
    for (const lease of taken) ledger.hold(lease);
    for (const uuid of claim.deviceUuids) {
      if (gone.every((given) => given.uuid !== uuid)) ledger.add(managedLease(claim, uuid));
    }
    const cards = gone.map(({ uuid, parentUuid }) => parentUuid ?? uuid);
    const granted = [...claim.deviceUuids, ...taken.map(({ deviceUuid }) => deviceUuid), ...cards];
    for (const id of claim.containerIds) containers.set(id, granted);
  }
  for (const claim of input.unmanaged) {
    const uuids = unmanagedUuids(claim, input.devices);
    for (const uuid of uuids) ledger.add(unmanagedLease(claim, uuid));
    containers.set(claim.containerId, uuids);
  }
  for (const device of input.devices) addUsage(ledger, device, input, containers);
  return ledger.leases();
}

function addUsage(
  ledger: Ledger,
  device: Device,
  input: LedgerInput,
  containers: ReadonlyMap<string, readonly string[]>,
): void {
  const usage = input.usage.get(device.uuid);
  if (usage === undefined) return;
  for (const process of usage.processes) {
    const isGranted = containerIdsOf(process).some((id) => {
      const granted = containers.get(id);
      return granted !== undefined && holdsPartOf(granted, device, input.devices);
    });
    if (!isGranted) ledger.add(inUse(device.uuid, processHolder(process, input)));
  }
  if (usage.processes.length > 0 || !isMemoryItsOwn(device, input.devices)) return;
  if ((usage.memoryUsedBytes ?? 0) <= cleanMemoryBytes || ledger.isHeld(device)) return;
  ledger.add(inUse(device.uuid, foreignMemory));
}

/** False while memory of the device is in use and no process is seen that uses it. */
export function isClean(device: Device, { usage, devices }: Pick<Inventory, "usage" | "devices">): boolean {
  const used = usage.get(device.uuid);
  if (used === undefined || used.processes.length > 0 || !isMemoryItsOwn(device, devices)) return true;
  return (used.memoryUsedBytes ?? 0) <= cleanMemoryBytes;
}

/** nvidia-smi may name the parent for a process of a slice, and the other way round. */
function holdsPartOf(granted: readonly string[], device: Device, devices: readonly Device[]): boolean {
  return devices.some((held) => {
    if (!granted.includes(held.uuid)) return false;
    return held.uuid === device.uuid || held.uuid === device.parentUuid || held.parentUuid === device.uuid;
  });
}

/** False for a GPU in MIG mode (the sum of its slices) and for compute slices that share one instance. */
function isMemoryItsOwn(device: Device, devices: readonly Device[]): boolean {
  if (device.migEnabled || /^\d+c\./.test(device.profile ?? "")) return false;
  return !devices.some((other) => other.parentUuid === device.uuid && other.sharing === undefined);
}

function unmanagedUuids(claim: UnmanagedClaim, devices: readonly Device[]): readonly string[] {
  const gpus = devices.filter(({ kind }) => kind === undefined).map(({ uuid }) => uuid);
  const named = claim.ids.flatMap(
    (id) => resolveReference(id, devices)?.map((device) => device.uuid) ?? [id],
  );
  return claim.all ? [...new Set([...gpus, ...named])] : named;
}

/** Leases on what is in the place of a device that is gone, and on the device itself. */
function leftovers(claim: ManagedClaim, given: GoneDevice, devices: readonly Device[]): readonly Lease[] {
  const uuids = new Set([given.uuid, ...inPlaceOf(given, devices).map(({ uuid }) => uuid)]);
  const gone = describeGiven(given);
  return [...uuids].map((uuid) => ({ ...managedLease(claim, uuid), state: "InUse", gone }));
}

function managedLease(claim: ManagedClaim, deviceUuid: string): Lease {
  const { uid, namespace, name, state, until, untilCause } = claim;
  return { deviceUuid, holder: { type: "object", uid, namespace, name }, state, until, untilCause };
}

function unmanagedLease(claim: UnmanagedClaim, deviceUuid: string): Lease {
  const { containerName, containerId, owner, origin } = claim;
  return inUse(deviceUuid, { type: "unmanaged", containerName, containerId, owner, origin });
}

function inUse(deviceUuid: string, holder: LeaseHolder): Lease {
  return { deviceUuid, holder, state: "InUse", until: null, untilCause: null };
}

/** Innermost first: of containers within containers the engine knows only the outer ones. */
function containerIdsOf({ containerId, outerContainerIds = [] }: DeviceProcess): readonly string[] {
  return containerId === null ? [] : [containerId, ...outerContainerIds.toReversed()];
}

/** A process counts as its container's where that is nobody's of ours; where nothing is known, as its own. */
function processHolder(process: DeviceProcess, { managed, containerById }: LedgerInput): LeaseHolder {
  const { pid, name: processName, user } = process;
  const ids = containerIdsOf(process);
  const ours = managed.find(({ containerIds }) => ids.some((id) => containerIds.includes(id)));
  if (ours !== undefined) {
    return { type: "process", pid, processName, user, containerName: `${ours.namespace}/${ours.name}` };
  }
  const [innermost] = ids;
  if (innermost === undefined) return { type: "process", pid, processName, user, containerName: null };
  for (const id of ids) {
    const found = containerById?.(id);
    if (found === undefined) continue;
    return {
      type: "unmanaged",
      containerName: found.name,
      containerId: id,
      owner: found.owner,
      origin: found.origin,
    };
  }
  // Podman, containerd, an engine of somebody's own: its process shows who runs it, unless it says root.
  const owner = user === "root" ? null : user;
  const containerName = innermost.slice(0, 12);
  return { type: "unmanaged", containerName, containerId: innermost, owner, origin: "not of this engine" };
}

/** Collects at most one lease for each device and holder; a lease on a GPU reaches its slices. */
class Ledger {
  readonly #devices: readonly Device[];
  readonly #byUuid = new Map<string, Map<string, Lease>>();

  constructor(devices: readonly Device[]) {
    this.#devices = devices.toSorted(compareDevices);
  }

  add(lease: Lease): void {
    this.hold(lease);
    for (const device of this.#devices) {
      if (device.parentUuid === lease.deviceUuid) this.hold({ ...lease, deviceUuid: device.uuid });
    }
  }

  isHeld(device: Device): boolean {
    if (this.#byUuid.has(device.uuid) || this.#byUuid.has(physicalUuid(device))) return true;
    return this.#devices.some((other) => other.parentUuid === device.uuid && this.#byUuid.has(other.uuid));
  }

  leases(): readonly Lease[] {
    const known = this.#devices.map((device) => device.uuid);
    const vanished = [...this.#byUuid.keys()].filter((uuid) => !known.includes(uuid)).toSorted();
    return [...known, ...vanished].flatMap((uuid) =>
      [...(this.#byUuid.get(uuid)?.entries() ?? [])]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([, lease]) => lease),
    );
  }

  /** A lease on this device alone. */
  hold(lease: Lease): void {
    const ofDevice = this.#byUuid.get(lease.deviceUuid) ?? new Map<string, Lease>();
    const key = holderKey(lease.holder);
    const present = ofDevice.get(key);
    ofDevice.set(key, present === undefined ? lease : stronger(present, lease));
    this.#byUuid.set(lease.deviceUuid, ofDevice);
  }
}

/** Of two claims of one holder the firmer counts, and of equally firm ones the one that lasts longer. */
function stronger(left: Lease, right: Lease): Lease {
  if (left.state !== right.state) return left.state === "Allocated" ? left : right;
  return (left.until ?? Infinity) >= (right.until ?? Infinity) ? left : right;
}

function holderKey(holder: LeaseHolder): string {
  switch (holder.type) {
    case "object":
      return `1 ${holder.uid}`;
    case "unmanaged":
      return `2 ${holder.containerName} ${holder.containerId}`;
    case "process":
      return `3 ${String(holder.pid).padStart(10, "0")}`;
    case "reservation":
      return `4 ${holder.name}`;
  }
}
