import { labels } from "../api/names.ts";
import { deviceUuidsOf } from "../core/expiry.ts";
import type { HostView } from "../core/host-view.ts";
import type { ActivityReading } from "../core/idle/activity.ts";
import { sampleMsFor, type IdleSettings } from "../core/idle/idle-settings.ts";
import { advanceIdle, isSameRun, type IdleRun, type IdleState } from "../core/idle/idle-state.ts";
import { graceMsOf, leftAlone, type IdleFacts } from "../core/idle/idle-verdict.ts";
import { wantedBy } from "../core/idle/wanted-by.ts";
import { knownLimits } from "../core/quota/known-limits.ts";
import type { ObservedContainer } from "../core/observed.ts";
import type { ContainerRecord } from "../core/record.ts";
import type { Inventory } from "../core/schedule/device.ts";
import { wantedDevices } from "../core/schedule/wanted-devices.ts";
import type { ActivityProbe } from "../ports/activity-probe.ts";
import type { Clock } from "../ports/clock.ts";
import type { Identity } from "../ports/identity.ts";
import type { Log } from "../ports/log.ts";
import type { StateDocument } from "../ports/state-document.ts";
import type { Store } from "../ports/store.ts";
import { messageOf } from "../util/errors.ts";
import { GpuActivity } from "./gpu-activity.ts";
import { readIdleStates } from "./idle-states.ts";
import type { InventoryBook } from "./inventory-book.ts";
import type { RuntimeCache } from "./runtime-cache.ts";
import { isRecent } from "../util/is-recent.ts";

/** What was found out is written down this often at most, and when the controller ends. */
const writeMs = 5000;
/** Changes are gathered for this long. */
const gatherMs = 250;
/** Nobody can be told idle by what was seen of a GPU longer ago than this, or than two looks. */
const oldestGpuLookMs = 45_000;

export interface IdleWatchOptions {
  readonly settings: IdleSettings;
  /** Null where the engine runs on another machine: then nothing is known, and nothing is idle. */
  readonly probe: ActivityProbe | null;
  readonly document: StateDocument;
  readonly store: Store;
  readonly cache: RuntimeCache;
  readonly inventory: () => Pick<InventoryBook, "refresh">;
  readonly view: () => HostView;
  readonly identity: Identity;
  readonly instance: string;
  readonly keptAlive: (record: ContainerRecord, fileAt: number | null) => string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly enqueue: (namespace: string, name: string) => void;
}

interface Subject {
  readonly record: ContainerRecord;
  readonly container: ObservedContainer;
  readonly timeoutMs: number;
  /** Time between two looks at it. */
  readonly sampleMs: number;
}

/** Looks now and then at the containers that may not be idle for ever, and keeps what it has seen. */
export class IdleWatch {
  readonly #options: IdleWatchOptions;
  readonly #gpus: GpuActivity;
  readonly #states: Map<string, IdleState>;
  /** Uids of what this controller has looked at: of all others it knows what an earlier one has seen. */
  readonly #seen = new Set<string>();
  #writtenAtMs = 0;
  /** Uids of what is to be read at the next look, however recently it was. */
  readonly #asked = new Set<string>();
  /** Until the next look, as it was planned. */
  #restMs = 0;
  #isLooking = false;
  /** Something has changed during the look. */
  #isTouched = false;
  #isRunning = (): boolean => false;
  #cancelNext: () => void = () => undefined;

  constructor(options: IdleWatchOptions) {
    this.#options = options;
    this.#gpus = new GpuActivity(oldestGpuLook(options.settings.sampleMs));
    this.#states = readIdleStates(options.document, options.log);
  }

  /** What a decision about the object needs. */
  factsOf({ uid }: ContainerRecord, view: HostView): IdleFacts {
    const { settings } = this.#options;
    const state = this.#states.get(uid) ?? null;
    const isInherited = !this.#seen.has(uid);
    return {
      settings,
      state,
      isInherited,
      wantedBy: state === null || state.idleMs === 0 ? null : wantedBy(view, uid),
    };
  }

  /** Takes in what the provider says of the GPUs. */
  note(found: Inventory): void {
    const { probe } = this.#options;
    if (probe !== null) this.#gpus.note(found, probe.uptimeMs());
  }

  /** Keeps looking until the signal. */
  run(signal: AbortSignal): void {
    signal.addEventListener("abort", () => this.#cancelNext(), { once: true });
    this.#isRunning = (): boolean => !signal.aborted;
    this.#plan(0);
  }

  /** A container, spec or quota is another: perhaps something is to be looked at more often. */
  touch(): void {
    this.#isTouched = this.#isLooking;
    if (!this.#isLooking && this.#restMs > gatherMs) this.#plan(gatherMs);
  }

  /** Somebody has said something of the object that the next look is to take in. */
  lookSoon(uid: string): void {
    this.#asked.add(uid);
    this.touch();
  }

  #plan(restMs: number): void {
    const { clock, probe } = this.#options;
    if (!this.#isRunning() || probe === null) return;
    this.#cancelNext();
    this.#restMs = restMs;
    this.#cancelNext = clock.callAt(clock.now() + restMs, () => void this.#next(probe));
  }

  async #next(probe: ActivityProbe): Promise<void> {
    const { settings, log } = this.#options;
    this.#isLooking = true;
    this.#isTouched = false;
    let restMs = settings.sampleMs;
    try {
      const subjects = this.#subjects();
      await this.#look(probe, subjects);
      const uptimeMs = probe.uptimeMs();
      restMs = Math.min(restMs, ...subjects.map((one) => this.#restOf(one, uptimeMs)));
      restMs = Math.max(gatherMs, restMs);
    } catch (error) {
      log.error({ err: error, reason: "IdleLookFailed" }, "it was not looked for what is idle");
    }
    this.#isLooking = false;
    this.#plan(this.#isTouched ? gatherMs : restMs);
  }

  /**
   * Until a container is to be read again, zero or less when now. Each has times of its own: what is little in half a
   * minute is much in the half second after which another wants to be read.
   */
  #restOf({ record, container, sampleMs }: Subject, uptimeMs: number): number {
    const last = this.#states.get(record.uid);
    if (last === undefined || this.#asked.has(record.uid)) return 0;
    const elapsedMs = uptimeMs - last.reading.uptimeMs;
    const isComparable = elapsedMs >= 0 && isSameRun(last.run, runOf(record, container));
    return isComparable ? sampleMs - elapsedMs : 0;
  }

  async #look(probe: ActivityProbe, subjects: readonly Subject[]): Promise<void> {
    this.#forgetOthers(subjects);
    const uptimeMs = probe.uptimeMs();
    const due = subjects.filter((one) => this.#restOf(one, uptimeMs) <= gatherMs);
    if (due.length === 0) return;
    const withGpus = due.filter(({ container }) => deviceUuidsOf(container).length > 0);
    if (withGpus.length > 0)
      await this.#options.inventory().refresh(Math.min(...withGpus.map(({ sampleMs }) => sampleMs)));
    for (const subject of due) await this.#lookAt(probe, subject);
    if (!isRecent(this.#writtenAtMs, probe.uptimeMs(), writeMs)) await this.#write();
  }

  async #lookAt(probe: ActivityProbe, subject: Subject): Promise<void> {
    const { settings, enqueue, clock } = this.#options;
    const { record, container, timeoutMs, sampleMs } = subject;
    this.#asked.delete(record.uid);
    const before = this.#states.get(record.uid) ?? null;
    const reading = await this.#read(probe, subject, before?.reading.uptimeMs ?? -Infinity);
    const graceMs = graceMsOf(settings, timeoutMs);
    const context = { settings, sampleMs, graceMs, now: clock.now() };
    const state = advanceIdle(before, runOf(record, container), reading, context);
    this.#states.set(record.uid, state);
    this.#seen.add(record.uid);
    if (state.idleSince !== null || (before?.idleSince ?? null) !== null)
      enqueue(record.namespace, record.name);
  }

  async stop(): Promise<void> {
    this.#cancelNext();
    await this.#write();
  }

  async #read(
    probe: ActivityProbe,
    { record, container, sampleMs }: Subject,
    sinceMs: number,
  ): Promise<ActivityReading> {
    const { identity, keptAlive } = this.#options;
    // A name service that is away holds up no look; the owner's home is only one of the places for .keep-alive.
    const owner = await identity.userByName(record.namespace).catch(() => undefined);
    const { keepAliveAt, ...activity } = await probe.read(container, owner?.home ?? null);
    const kept = keptAlive(record, keepAliveAt);
    const uptimeMs = probe.uptimeMs();
    return {
      uptimeMs,
      ...activity,
      gpus: this.#gpus.of(container, { uptimeMs, sinceMs, maximumAgeMs: oldestGpuLook(sampleMs) }),
      ...(kept === undefined ? {} : { keptAlive: kept }),
    };
  }

  /** Running containers whose idleness somebody minds. */
  #subjects(): readonly Subject[] {
    const { store, cache, view, instance, settings, clock } = this.#options;
    if (!cache.ready || !this.#isAsked()) return [];
    const shared = view();
    const found = store.list("ContainerSpec").flatMap((record): readonly Subject[] => {
      const limit = knownLimits(record, shared.quotaOf(record.namespace))?.idleTimeoutMs;
      if (record.spec === null || limit === undefined || limit.value === null) return [];
      const usesGpus = wantedDevices(record.spec) !== undefined;
      if (
        leftAlone(
          { settings },
          { ...record, sweep: record.source.element?.of, usesGpus, limit },
          clock.now(),
        ) !== null
      )
        return [];
      const running = shared.containersOf
        .get(record.uid)
        ?.filter(({ state, labels: own }) => state === "running" && own[labels.instance] === instance);
      const container = running?.toSorted((left, right) => left.createdAt - right.createdAt)[0];
      const timeoutMs = limit.value;
      const sampleMs = sampleMsFor(settings, timeoutMs);
      return container === undefined ? [] : [{ record, container, timeoutMs, sampleMs }];
    });
    return found;
  }

  /** Most hosts have no such timeout, and need no look at all. */
  #isAsked(): boolean {
    const { store } = this.#options;
    return (
      store.list("QuotaSpec").some(({ spec }) => spec?.lifecycle?.idleTimeout !== undefined) ||
      store.list("ContainerSpec").some(({ spec }) => spec?.lifecycle?.idleTimeout !== undefined)
    );
  }

  /** What does not run, or need not be looked at, is not idle. */
  #forgetOthers(subjects: readonly Subject[]): void {
    const { cache, enqueue, store } = this.#options;
    // An engine that does not answer has ended nothing.
    if (!cache.ready) return;
    const known = new Set(subjects.map(({ record }) => record.uid));
    for (const uid of this.#asked) if (!known.has(uid)) this.#asked.delete(uid);
    const { containersOf } = this.#options.view();
    for (const uid of this.#states.keys()) {
      const record = store.list("ContainerSpec").find((one) => one.uid === uid);
      // After a start of the controller a container may not have been seen yet.
      const isUnseen = record !== undefined && (containersOf.get(uid) ?? []).length === 0;
      if (known.has(uid) || isUnseen) continue;
      this.#states.delete(uid);
      this.#seen.delete(uid);
      if (record !== undefined) enqueue(record.namespace, record.name);
    }
  }

  async #write(): Promise<void> {
    const { document, log, probe } = this.#options;
    this.#writtenAtMs = probe?.uptimeMs() ?? 0;
    try {
      await document.write({ version: 1, states: Object.fromEntries(this.#states) });
    } catch (error) {
      log.warn({ reason: "IdlenessNotWritten", message: messageOf(error) }, "idleness could not be written");
    }
  }
}

function runOf({ generation }: ContainerRecord, { id, startedAt }: ObservedContainer): IdleRun {
  return { containerId: id, startedAt, generation };
}

function oldestGpuLook(sampleMs: number): number {
  return Math.max(oldestGpuLookMs, 2 * sampleMs);
}
