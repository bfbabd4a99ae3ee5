import type { EventObject } from "../../src/api/event.ts";
import { labels } from "../../src/api/names.ts";
import type { ReservationSpecSpec } from "../../src/api/reservation.ts";
import { deviceUuidsOf } from "../../src/core/expiry.ts";
import { isLive } from "../../src/core/plan/roles.ts";
import { goneDevices } from "../../src/core/schedule/given-devices.ts";
import type { ContainerRecord } from "../../src/core/record.ts";
import { parseDuration } from "../../src/util/duration.ts";
import { Ds01Error, messageOf } from "../../src/util/errors.ts";
import type { FakeContainer } from "../support/fake-container.ts";
import type { LogLine } from "../support/silent-log.ts";
import type { FakeCallName } from "../support/fake-faults.ts";
import { ownInstance, type ControllerProcess } from "./controller-process.ts";
import { DeclaredFiles } from "./declared-files.ts";
import type { Operation } from "./operation.ts";
import { PreemptionWatch } from "./preemption-watch.ts";
import type { EngineCall } from "./engine-connection.ts";
import type { SimulatedWorld, WorldObserver } from "./simulated-world.ts";
import { TrueTimes } from "./true-times.ts";

/** Something that must never be, by the rule of DESIGN that says so. */
export interface Violation {
  readonly rule: string;
  readonly message: string;
}

/** Calls that change a container, and the events of which one says why (I4). */
const eventsOf: Partial<Record<FakeCallName, readonly string[]>> = {
  create: ["Creating", "Recreating"],
  start: ["Started", "Restarted"],
  pause: ["Paused"],
  unpause: ["Unpaused"],
  stop: ["Stopping"],
  remove: ["Removing"],
  rename: ["Renamed"],
  update: ["Updated"],
};

/** How long a controller may act on a source that it has been told is away: what it has begun (milliseconds). */
const awayToleranceMs = 2000;
/** What has begun before an emergency, or before the window of a reservation, may end within this time (milliseconds). */
const begunMs = 30_000;
/** How long it may take until it is known what somebody's hands did: a relist, and an audit of everything. */
const handsMs = 360_000;

/** Of what asks for none. */
const usualPriority = 50;

/** Looks at everything that controllers do and at what comes of it, and keeps the first thing that must not be. */
export class InvariantWatch implements WorldObserver {
  world: SimulatedWorld | null = null;
  readonly violations: Violation[] = [];
  /** Calls of controllers that changed containers, in order. */
  readonly mutations: string[] = [];
  /** Container id -> its name when something was last done to it. */
  readonly #names = new Map<string, string>();
  /** Events of controllers, in order, as `alice/one Queued`. */
  readonly events: string[] = [];
  /** Tells of what happens, for a trace. */
  onLine: (text: string) => void = () => undefined;
  /** Container id -> when somebody's hands brought it to life last (time that has gone by). */
  readonly #hands = new Map<string, number>();
  /** Events of a controller that say why, less the calls they were for: `ds01#1 alice/one Stopping`. */
  readonly #causes = new Map<string, number>();
  readonly #quotas: { readonly nominal: number; until: number }[] = [];
  #overlaps: ReadonlySet<string> = new Set();
  readonly #declared = new DeclaredFiles();
  readonly #preemptions = new PreemptionWatch();
  readonly #times = new TrueTimes();
  /** Uids of objects that are deleted. */
  readonly #deleted = new Set<string>();
  /** When an admin has stopped somebody last. */
  #emergencyAt = -Infinity;
  /** What is booked, as text -> since when a controller knows. */
  #bookings: ReadonlyMap<string, number> = new Map();
  /** When a call left its controller. */
  readonly #leftAt = new WeakMap<EngineCall, number>();
  /** Container id -> what it was when it lived last, and when that was. */
  readonly #lived = new Map<string, { readonly container: FakeContainer; readonly at: number }>();
  /** What controllers have made run in this step. */
  #brought = new Set<string>();

  onCall(by: ControllerProcess, made: EngineCall): void {
    const { call, target } = made;
    this.#leftAt.set(made, this.#now);
    const reasons = eventsOf[call];
    if (reasons === undefined) return;
    this.onLine(`${by.name} calls ${call} ${target.slice(0, 40)}`);
    if (!by.holdsLock()) this.#violated("I12", `${by.name} calls ${call} ${target} without the lock`);
    const { awaySince } = by.source;
    if (this.#isStoppedAtOnce(by, target)) this.#mayNotStart(by, call, target);
    else if ((call === "stop" || call === "remove") && awaySince !== null) {
      const awayMs = this.#now - awaySince;
      if (awayMs > awayToleranceMs) this.#violated("I5", `${call} ${target} while the specs are away`);
    }
    this.#needCause(by, call, target, reasons);
  }

  onArrival(by: ControllerProcess, { call, target }: EngineCall): void {
    if (eventsOf[call] === undefined || call === "create") return;
    const container = this.#find(target);
    if (container === undefined || isOurs(container)) return;
    this.#violated("I9", `${by.name}: ${call} ${container.name}, which is not of this controller`);
  }

  onEffect(by: ControllerProcess, made: EngineCall): void {
    const { call, target } = made;
    if (eventsOf[call] === undefined) return;
    const name = this.#nameOf(target);
    this.mutations.push(`${call} ${name}`);
    this.onLine(`engine: ${call} ${name} for ${by.name}`);
    const container = this.#find(target);
    if (container === undefined) return;
    if (call === "create" || call === "start" || call === "unpause") this.#brought.add(container.id);
    if (by.state === "ended" && isLive(container)) this.onHand(container.id);
    if (call !== "create" && call !== "start") return;
    this.#notHeld(by, container);
    this.#notBooked(by, container, this.#leftAt.get(made) ?? this.#now);
    if (call === "create") this.#withinQuota(by, container);
  }

  onEvent(by: ControllerProcess, { involvedObject, reason, message }: EventObject): void {
    const { namespace = "", name } = involvedObject;
    this.onLine(`${by.name} event ${namespace}/${name} ${reason}: ${message}`);
    this.events.push(`${namespace}/${name} ${reason}`);
    const to = reason === "Preempted" ? /gives way to ([a-z]+\/[a-z0-9.-]+)/.exec(message)?.[1] : undefined;
    const inTurn = to === undefined ? null : this.#preemptions.gaveWay(`${namespace}/${name}`, to);
    if (inTurn !== null) this.#violated("I8", inTurn);
    if (reason === "Stopping" && message.includes("maxRuntime is used up"))
      this.#notTooSoon(by, `${namespace}/${name}`);
    const key = `${by.name} ${namespace}/${name} ${reason}`;
    this.#causes.set(key, (this.#causes.get(key) ?? 0) + 1);
  }

  /** What goes wrong outside is warned of; an error is one of ours, or the engine has refused something. */
  onLog(by: ControllerProcess, { level, fields, message }: LogLine): void {
    const { err, reason, key } = fields;
    if (level === "info") return;
    const words = [key, reason].filter((word) => typeof word === "string").join(" ");
    this.onLine(`${by.name} ${level} ${message} ${words} ${messageOf(err ?? "")}`);
    if (level !== "error" || err instanceof Ds01Error) return;
    this.#violated("fault", `${message}: ${err instanceof Error ? err.stack : messageOf(err)}`);
  }

  onFault(by: ControllerProcess, error: unknown): void {
    this.#violated("fault", `${by.name} ended: ${error instanceof Error ? error.stack : messageOf(error)}`);
  }

  onHand(containerId: string): void {
    this.#hands.set(containerId, this.#now);
  }

  onRefusal(error: unknown): void {
    this.onLine(`refused: ${messageOf(error)}`);
  }

  /** People, or machines, are about to do something. */
  onOperation(operation: Operation): void {
    this.#preemptions.changed();
    if (operation.do === "emergency") this.#emergencyAt = this.#now;
    if (operation.do === "clock") this.#times.beforeJump(this.#simulated.disk);
  }

  /** What a controller has written. */
  onRecord(record: ContainerRecord): void {
    const { namespace, name, uid, deletion, source } = record;
    this.#onStatus(record, `${namespace}/${name}`);
    if (deletion === null || this.#deleted.has(uid)) return;
    this.#deleted.add(uid);
    // A sweep that has fewer elements says so itself.
    if (source.element !== undefined) return;
    this.#declared.look(this.#simulated.tree.files, this.#now);
    if (this.#declared.isWithoutDirectory(namespace, this.#now))
      this.#violated("I11", `${namespace}/${name} is deleted, and the whole directory is gone`);
    if (!this.#declared.isTooSoon(`${namespace}/${name}`, this.#now)) return;
    const absentMs = this.#declared.absentMs(`${namespace}/${name}`, this.#now);
    this.#violated("I11", `${namespace}/${name} is deleted, and its file was gone for ${absentMs} ms`);
  }

  #onStatus({ status }: ContainerRecord, object: string): void {
    if (status.phase === "Held" && status.reason === "GpuHeld" && status.gpus.length === 0)
      this.#violated("hold", `${object} says that its GPU is kept, and has none`);
    const waits = status.phase === "Pending" || status.phase === "Backoff" || status.phase === "Failed";
    if (waits && status.observedGeneration > 0 && (status.reason ?? "") === "")
      this.#violated("I7", `${object} is ${status.phase} and does not say why`);
    if (waits && status.observedGeneration > 0 && (status.message ?? "") === "")
      this.#violated("I7", `${object} is ${status.phase} (${status.reason}) and does not say it in words`);
    this.#onPlace(status, object);
  }

  #onPlace({ queue }: ContainerRecord["status"], object: string): void {
    if (queue !== undefined && (queue.position < 0 || queue.position > queue.of))
      this.#violated("I7", `${object} is number ${queue.position} of ${queue.of} who wait`);
  }

  /** After each step. */
  look(): void {
    this.#declared.look(this.#simulated.tree.files, this.#now);
    this.#times.look(this.#simulated.engine.containers.filter(isOurs), this.#now);
    this.#noteQuota();
    this.#noteBookings();
    this.#lookAtDevices();
    this.#brought = new Set();
  }

  /** Somebody's hands or the like are in the way of telling who is at fault. */
  #handled(containers: readonly FakeContainer[]): boolean {
    return containers.some(({ id }) => this.#now - (this.#hands.get(id) ?? -Infinity) < handsMs);
  }

  #lookAtDevices(): void {
    const { engine } = this.#simulated;
    const live = engine.containers.filter(
      (one) => isOurs(one) && isLive(one) && deviceUuidsOf(one).length > 0,
    );
    for (const container of live) this.#lived.set(container.id, { container, at: this.#now });
    const overlaps = new Set<string>();
    for (const [place, one] of live.entries()) {
      for (const other of live.slice(place + 1)) {
        const shared = sharedDevice(one, other);
        if (shared === undefined || one.labels[labels.uid] === other.labels[labels.uid]) continue;
        const pair = `${shared} is held by ${one.name} and ${other.name}`;
        overlaps.add(pair);
        if (this.#overlaps.has(pair) || this.#handled([one, other])) continue;
        if (this.#brought.has(one.id) || this.#brought.has(other.id)) this.#violated("I1", pair);
      }
    }
    this.#overlaps = overlaps;
  }

  /** What is admitted now, and what was until half a minute ago. */
  #noteQuota(): void {
    const { acting } = this.#simulated;
    if (acting === null) return;
    const spec = acting.store.get("QuotaSpec", "all")?.spec;
    const nominal = typeof spec?.gpus?.nominal === "number" ? spec.gpus.nominal : Infinity;
    const borrowing = typeof spec?.gpus?.borrowingLimit === "number" ? spec.gpus.borrowingLimit : 0;
    const limit = nominal + (spec?.cohort === undefined ? borrowing : Infinity);
    const last = this.#quotas.at(-1);
    if (last?.nominal !== limit) this.#quotas.push({ nominal: limit, until: this.#now });
    else last.until = this.#now;
  }

  #withinQuota(by: ControllerProcess, made: FakeContainer): void {
    // What reaches the engine after its object has gone is never started.
    if (recordOf(by, made) === undefined) return;
    const user = made.labels[labels.user];
    const own = this.#simulated.engine.containers.filter(
      (one) => isOurs(one) && one.labels[labels.user] === user && (isLive(one) || one.state === "created"),
    );
    // What may be stopped for others may go beyond the quota on what is idle.
    const records = by.store.list("ContainerSpec").filter(({ namespace }) => namespace === user);
    if (records.some(({ spec }) => spec?.preemptible === true)) return;
    if (this.#handled(own) || deviceUuidsOf(made).length === 0) return;
    // A quota that was lowered takes nothing from what stands, and a replacement with its devices adds nothing.
    const before = own.filter((one) => one !== made && one.labels[labels.uid] === made.labels[labels.uid]);
    const had = new Set(before.flatMap(deviceUuidsOf));
    if (deviceUuidsOf(made).every((uuid) => had.has(uuid))) return;
    const newest = new Map(own.map((one) => [one.labels[labels.uid], one]));
    const uuids = new Set([...newest.values()].flatMap(deviceUuidsOf));
    const devices = this.#simulated.devices.present();
    const used = [...uuids].reduce(
      (sum, uuid) => sum + (devices.find((device) => device.uuid === uuid)?.gpuEquivalents ?? 0),
      0,
    );
    const allowed = Math.max(
      ...this.#quotas.filter(({ until }) => this.#now - until < 30_000).map(({ nominal }) => nominal),
    );
    if (used > allowed + 1e-9)
      this.#violated("I2", `${by.name} creates ${made.name}: ${user} has ${used} GPUs then, of ${allowed}`);
  }

  /** Who was stopped keeps its devices for as long as its spec says, whoever else waits with no higher priority. */
  #notHeld(by: ControllerProcess, made: FakeContainer): void {
    const { engine, devices } = this.#simulated;
    const own = recordOf(by, made);
    for (const one of engine.containers.filter((it) => isOurs(it) && it.state === "exited")) {
      const shared = sharedDevice(one, made);
      const record = recordOf(by, one);
      if (shared === undefined || record === undefined || record.uid === own?.uid) continue;
      // What a card was cut anew from under nobody keeps.
      const isGone = goneDevices(one, devices.present()).length > 0;
      if (isGone || isGivenBack(record, one) || priorityOf(own) > priorityOf(record)) continue;
      const endedAgoMs = this.#times.endedAgoMs(one.id, this.#now);
      const leftMs = endedAgoMs === null ? 0 : holdMsOf(record) - endedAgoMs;
      if (leftMs > 0 && !this.#handled([one]))
        this.#violated("hold", `${shared} is given to ${made.name}; ${one.name} keeps it ${leftMs} ms more`);
    }
  }

  /** Whatever the wall clock was set to. */
  #notTooSoon(by: ControllerProcess, object: string): void {
    const record = by.store.get("ContainerSpec", object);
    const maxRuntimeMs = parseDuration(record?.spec?.lifecycle?.maxRuntime ?? "");
    const ranMs = record === undefined ? null : this.#times.ranMs(record, this.#now);
    if (maxRuntimeMs === undefined || ranMs === null || ranMs >= maxRuntimeMs) return;
    this.#violated("time", `${object} is stopped for its maxRuntime, and has run for ${ranMs} ms`);
  }

  /** At rest, what has lived for longer than it may. */
  overdue(record: ContainerRecord): string | null {
    const maxRuntimeMs = parseDuration(record.spec?.lifecycle?.maxRuntime ?? "");
    const longest = Math.max(
      0,
      ...this.#simulated.engine.containers
        .filter(
          (one) => isOurs(one) && isLive(one) && objectOf(one.name) === `${record.namespace}/${record.name}`,
        )
        .map(({ id }) => this.#times.runsMs(id, this.#now) ?? 0),
    );
    if (maxRuntimeMs === undefined || longest <= maxRuntimeMs + begunMs) return null;
    return `runs for ${longest} ms, and may for ${maxRuntimeMs} ms`;
  }

  /** An admin has stopped everything of the container's user. */
  #isStoppedAtOnce(by: ControllerProcess, target: string): boolean {
    const user = this.#find(target)?.labels[labels.user] ?? objectOf(target)?.split("/")[0];
    const plane = by.manager.controlPlane();
    return plane.emergencyStops().some((stop) => stop.user === null || stop.user === user);
  }

  #mayNotStart(by: ControllerProcess, call: FakeCallName, target: string): void {
    if (call !== "create" && call !== "start" && call !== "unpause") return;
    if (this.#now - Math.max(this.#emergencyAt, by.startedAt) > begunMs)
      this.#violated("emergency", `${by.name}: ${call} ${target}, whose user an admin has stopped`);
  }

  #noteBookings(): void {
    const records = this.#simulated.acting?.store.list("ReservationSpec") ?? [];
    if (records.length === 0 && this.#bookings.size === 0) return;
    const texts = records.flatMap(({ spec }) => (spec === null ? [] : [JSON.stringify(spec)]));
    this.#bookings = new Map(texts.map((text) => [text, this.#bookings.get(text) ?? this.#now]));
  }

  /** Who may not use a device in a window does not begin on it, as far as could be known when the call left. */
  #notBooked(by: ControllerProcess, begun: FakeContainer, leftAt: number): void {
    if (by.state === "ended" || this.#hasJumped()) return;
    const wall = this.#simulated.clock.now() - (this.#now - leftAt);
    for (const [text, since] of this.#bookings) {
      const { subjects, devices = [], start = "", end = "" } = JSON.parse(text) as ReservationSpecSpec;
      const isOpen = Date.parse(start) + begunMs < wall && wall < Date.parse(end);
      const admits = (subjects.users ?? []).includes(begun.labels[labels.user] ?? "");
      if (!isOpen || admits || leftAt - since < begunMs) continue;
      const taken = devices.find(
        (uuid) =>
          // On a card or slice that is away nobody begins, whatever is tried.
          this.#isThere(uuid) &&
          deviceUuidsOf(begun).some((own) => this.#isThere(own) && (own === uuid || cardOf(own) === uuid)) &&
          !this.#goesOn(by, begun, leftAt),
      );
      if (taken !== undefined)
        this.#violated("booked", `${begun.name} begins on ${taken}, which is reserved`);
    }
  }

  #isThere(uuid: string): boolean {
    return this.#simulated.devices.present().some((device) => device.uuid === uuid);
  }

  /** It takes the place of what ran there, or takes it back: nobody is stopped for a reservation. */
  #goesOn(by: ControllerProcess, begun: FakeContainer, leftAt: number): boolean {
    if (recordOf(by, begun)?.memory.stopCause === "Replaced") return true;
    return [...this.#lived].some(
      ([id, { container, at }]) =>
        id !== begun.id &&
        leftAt - at < begunMs &&
        container.labels[labels.uid] === begun.labels[labels.uid] &&
        deviceUuidsOf(begun).every((uuid) => deviceUuidsOf(container).includes(uuid)),
    );
  }

  /** The wall clock was set a moment ago. */
  #hasJumped(): boolean {
    return this.#now - this.#simulated.clock.jumpedAt < 60_000;
  }

  #needCause(by: ControllerProcess, call: FakeCallName, target: string, reasons: readonly string[]): void {
    const container = this.#find(target);
    const object =
      container === undefined || call === "create"
        ? objectOf(target)
        : `${container.labels[labels.user]}/${container.labels[labels.name]}`;
    if (object === undefined) return;
    const key = reasons
      .map((reason) => `${by.name} ${object} ${reason}`)
      .find((one) => (this.#causes.get(one) ?? 0) > 0);
    if (key !== undefined) this.#causes.set(key, (this.#causes.get(key) ?? 0) - 1);
    else if (!this.#isOrphan(by, container))
      this.#violated("I4", `${call} ${target} without an event that says why`);
  }

  /** An object that was made for an orphan may have another name than its container says. */
  #isOrphan(by: ControllerProcess, container: FakeContainer | undefined): boolean {
    const uid = container?.labels[labels.uid];
    const record = by.store.list("ContainerSpec").find((one) => one.uid === uid);
    return record !== undefined && record.name.includes(".orphan-");
  }

  /** Also of what a call has just removed. */
  #nameOf(target: string): string {
    const container = this.#find(target);
    if (container !== undefined) this.#names.set(container.id, container.name);
    return container?.name ?? this.#names.get(target) ?? target.slice(0, 12);
  }

  #find(idOrName: string): FakeContainer | undefined {
    const { containers } = this.#simulated.engine;
    return containers.find(({ id }) => id === idOrName) ?? containers.find(({ name }) => name === idOrName);
  }

  get #simulated(): SimulatedWorld {
    if (this.world === null) throw new TypeError("the world is not set up yet");
    return this.world;
  }

  get #now(): number {
    return this.#simulated.clock.elapsed;
  }

  #violated(rule: string, message: string): void {
    this.onLine(`VIOLATION ${rule}: ${message}`);
    this.violations.push({ rule, message });
  }
}

export function isOurs({ labels: own }: Pick<FakeContainer, "labels">): boolean {
  return own[labels.managed] === "true" && own[labels.instance] === ownInstance;
}

function recordOf(by: ControllerProcess, container: FakeContainer): ContainerRecord | undefined {
  return by.store.list("ContainerSpec").find(({ uid }) => uid === container.labels[labels.uid]);
}

function priorityOf(record: ContainerRecord | undefined): number {
  return record?.spec?.priority ?? usualPriority;
}

function holdMsOf({ spec }: ContainerRecord): number {
  return parseDuration(spec?.lifecycle?.holdGpuAfterStop ?? "") ?? 0;
}

/** What gave way has no hold; and once given back, a hold that is made longer takes nothing from others. */
function isGivenBack({ deletion, memory }: ContainerRecord, container: FakeContainer): boolean {
  return deletion !== null || memory.stopCause === "Preempted" || memory.releasedContainerId === container.id;
}

/** `alice/one` from the name that its container has. */
function objectOf(containerName: string): string | undefined {
  const found = /^(?<name>.+?)\._\.(?<user>[a-z]+)(?:\.ds01-\d+)?$/.exec(containerName)?.groups;
  return found === undefined ? undefined : `${found["user"]}/${found["name"]}`;
}

/** Slices are named after their card: `MIG-3-0` is part of `GPU-3`. */
function cardOf(uuid: string): string {
  return uuid.replace(/^MIG-(\d+)-\d+$/, "GPU-$1");
}

function sharedDevice(one: FakeContainer, other: FakeContainer): string | undefined {
  const others = deviceUuidsOf(other);
  return deviceUuidsOf(one).find((uuid) =>
    others.some((taken) => taken === uuid || taken === cardOf(uuid) || cardOf(taken) === uuid),
  );
}
