import type { ClockReading } from "../../src/core/container-clock.ts";
import { decide } from "../../src/core/decide.ts";
import type { Decision } from "../../src/core/decision.ts";
import { emergencyIn, type EmergencyStop } from "../../src/core/emergency-stop.ts";
import { hostView, type HostView } from "../../src/core/host-view.ts";
import type { ObservedContainer } from "../../src/core/observed.ts";
import { portUses } from "../../src/core/quota/port-conflict.ts";
import { containerName } from "../../src/core/plan/container-name.ts";
import { predict } from "../../src/core/plan/predict.ts";
import { overridden, overrideFor, type StopOverride } from "../../src/core/stop-override.ts";
import type { ContainerRecord, QuotaRecord, ReservationRecord } from "../../src/core/record.ts";
import type { Reservation } from "../../src/core/schedule/claims.ts";
import { defaultPreemption } from "../../src/core/schedule/preemption.ts";
import type { Device, Inventory } from "../../src/core/schedule/device.ts";
import type { Strategy } from "../../src/core/schedule/strategies.ts";
import type { ImageState, World } from "../../src/core/world.ts";
import { inventory } from "./devices.ts";
import { alice, hookAttachment, startOfTest } from "./world-builder.ts";

/** A whole host as data: what the controller would know of it, and nothing that runs. */
export interface PureHost {
  readonly now: number;
  /** Where the wall clock stands; absent: only it is known. */
  readonly clock?: ClockReading;
  readonly records: readonly ContainerRecord[];
  readonly quotas: readonly QuotaRecord[];
  /** ReservationSpecs; absent: none. */
  readonly bookings?: readonly ReservationRecord[];
  /** What admins have stopped at once; absent: nothing. */
  readonly emergencyStops?: readonly EmergencyStop[];
  /** What is stopped for a while whatever Git says; absent: nothing. */
  readonly stopOverrides?: readonly StopOverride[];
  /** Unix groups of users; absent: none. */
  readonly groups?: ReadonlyMap<string, readonly string[]>;
  readonly containers: readonly ObservedContainer[];
  readonly inventory: Inventory;
  readonly reservations: ReadonlyMap<string, Reservation>;
  readonly images: ReadonlyMap<string, ImageState>;
  readonly stopping: World["stopping"];
  readonly engineReady: boolean;
  readonly sourceSynced: boolean;
  readonly owner: World["owner"];
  readonly strategy: Strategy;
}

/** The instance that the containers of a pure host belong to. */
export const ownInstance = "test";

/** A host that is well, with these devices and nothing on it, changed by what is given. */
export function quietHost(devices: readonly Device[], change: Partial<PureHost> = {}): PureHost {
  return {
    now: startOfTest,
    records: [],
    quotas: [],
    containers: [],
    inventory: inventory(devices),
    reservations: new Map(),
    images: new Map(),
    stopping: new Map(),
    engineReady: true,
    sourceSynced: true,
    owner: alice,
    strategy: "leastAllocated",
    ...change,
  };
}

/** Claims, leases and the queue, as every decision sees them. */
export function viewOf(host: PureHost): HostView {
  return hostView({
    records: host.records.map((record) => overridden(record, overrideOf(host, record))),
    quotas: host.quotas,
    bookings: host.bookings ?? [],
    emergencyStops: host.emergencyStops ?? [],
    groups: host.groups ?? new Map(),
    containers: host.containers,
    instance: ownInstance,
    inventory: host.inventory,
    reservations: host.reservations,
    inputsReady: ({ spec }) => spec !== null && imageOf(host, spec.image ?? "").type === "present",
    strategy: host.strategy,
    preemption: defaultPreemption,
    now: host.now,
    clock: host.clock ?? null,
  });
}

function overrideOf(host: PureHost, record: ContainerRecord): StopOverride | null {
  const uidOf = (key: string): string | undefined =>
    host.records.find(({ namespace, name }) => `${namespace}/${name}` === key)?.uid;
  return overrideFor(host.stopOverrides ?? [], record, { now: host.now, uidOf });
}

/** The world of one object, put together as the controller does. */
export function worldOf(host: PureHost, uid: string): World {
  const record = recordOf(host, uid);
  const stopOverride = overrideOf(host, record);
  const view = viewOf(host);
  const containers = view.containersOf.get(uid) ?? [];
  const named = host.containers.find(({ name }) => name === containerName(record.namespace, record.name));
  const taken = named !== undefined && !containers.some(({ id }) => id === named.id);
  return {
    record: overridden(record, stopOverride),
    stopOverride,
    instance: ownInstance,
    clock: host.clock ?? null,
    engineReady: host.engineReady,
    sourceSynced: host.sourceSynced,
    containers,
    nameTakenBy: taken ? named.name : null,
    image: imageOf(host, record.spec?.image ?? ""),
    imageReference: record.spec?.image ?? null,
    stopping: host.stopping,
    owner: host.owner,
    portUses: portUses(host.containers),
    aggregate: null,
    quota: view.quotaOf(record.namespace),
    othersUsage: view.usage(record.namespace, uid),
    hostPaths: new Map(),
    protectedPaths: [],
    borrowing: view.borrowers.has(uid),
    preemption: view.notices.get(uid) ?? null,
    ...emergencyIn(host.emergencyStops ?? [], record.namespace),
    claim: view.claims.get(uid) ?? null,
    schedule: view.outcomes.get(uid) ?? null,
    reserved: view.reservedFrom(record),
    blocks: view.blocking.get(uid) ?? null,
    gate: view.gates.get(uid) ?? null,
    devices: host.inventory.devices,
    gpuStackReady: host.inventory.ready,
    gpuAccess: { lost: [], policy: "notify" },
    attach: hookAttachment,
  };
}

/** Decides about one object, carries out all steps (or the first few, as before a crash), and remembers. */
export function runPass(
  host: PureHost,
  uid: string,
  carriedOut = Infinity,
): { readonly host: PureHost; readonly decision: Decision } {
  const world = worldOf(host, uid);
  const whole = decide(world, host.now);
  const decision = { ...whole, steps: whole.steps.slice(0, carriedOut) };
  const after = predict(world, decision, host.now);
  const others = host.containers.filter(({ id }) => !world.containers.some((own) => own.id === id));
  const kept = host.records.filter((record) => record.uid !== uid);
  return {
    decision,
    host: {
      ...host,
      containers: [...others, ...after.containers],
      records: decision.gone ? kept : [...kept, { ...after.record, spec: recordOf(host, uid).spec }],
      images: new Map([...host.images, [world.record.spec?.image ?? "", after.image]]),
      stopping: new Map(),
    },
  };
}

export function recordOf(host: PureHost, uid: string): ContainerRecord {
  const record = host.records.find((candidate) => candidate.uid === uid);
  if (record === undefined) throw new Error(`no record has the uid ${uid}`);
  return record;
}

function imageOf(host: PureHost, reference: string): ImageState {
  return host.images.get(reference) ?? { type: "present", id: "sha256:image" };
}
