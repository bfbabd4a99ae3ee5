import { apiVersion, labels, type Kind } from "../../api/names.ts";
import { decide } from "../../core/decide.ts";
import type { Announcement, Decision, LogToKeep } from "../../core/decision.ts";
import type { HostView } from "../../core/host-view.ts";
import type { ObservedContainer } from "../../core/observed.ts";
import { plannedSteps } from "../../core/plan/render-plan.ts";
import type { Step } from "../../core/plan/step.ts";
import type { ContainerRecord } from "../../core/record.ts";
import type { World } from "../../core/world.ts";
import type { Clock } from "../../ports/clock.ts";
import type { EventSink } from "../../ports/event-sink.ts";
import type { Log } from "../../ports/log.ts";
import type { Reconciler, ReconcileResult } from "../../ports/reconciler.ts";
import type { Store } from "../../ports/store.ts";
import { sameValue } from "../../util/same-value.ts";
import { messageOf, UnreachableError } from "../../util/errors.ts";
import type { HostState } from "../host-state.ts";
import type { PreparedFacts } from "../host-state-options.ts";
import type { EngineBook } from "../engine-book.ts";
import type { InventoryBook } from "../inventory-book.ts";
import type { WaitingWatch } from "../waiting-watch.ts";
import { logOperation, type OperationContext } from "../operations.ts";
import { involved } from "../recorder.ts";
import { runStep, type StepContext, type StepProgress } from "../run-step.ts";
import { failureOf } from "../step-failure.ts";
import { stepDone, stepEvent, stepFailed } from "../step-event.ts";
import { dueAgain, resultOf, soonerOf } from "./look-again.ts";
import { memoryMatters } from "./memory-matters.ts";
import { idsToInspect, needsLook, takesDevices } from "./needs-look.ts";

/** Pause before a step is decided on anew that found the world another than it was thought to be. */
const movedOnMs = 1000;
/** Devices must have been looked at this recently before one is handed out. */
const inventoryMaximumAgeMs = 2000;

export interface ContainerReconcilerOptions {
  readonly store: Store;
  readonly stateWritable: () => boolean;
  readonly host: HostState;
  readonly inventory: InventoryBook;
  readonly engine: EngineBook;
  readonly waiting: WaitingWatch;
  readonly steps: StepContext;
  readonly events: EventSink;
  readonly operations: OperationContext;
  readonly clock: Clock;
  readonly log: Log;
  /** `--dry-run`: decide and show, do nothing. */
  readonly dryRun: boolean;
  /** Writes down the end of a log; see keep-log.ts. */
  readonly keepLog: (record: ContainerRecord, which: LogToKeep) => Promise<void>;
  /** An object has gone with all it had. */
  readonly onDeleted: (record: ContainerRecord) => void;
}

/** Observe, decide, run: makes Docker match one ContainerSpec. */
export class ContainerReconciler implements Reconciler {
  readonly kind: Kind = "ContainerSpec";
  readonly #options: ContainerReconcilerOptions;
  /** Uid -> steps last logged by a dry run. */
  readonly #told = new Map<string, unknown>();

  constructor(options: ContainerReconcilerOptions) {
    this.#options = options;
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const record = this.#options.store.get("ContainerSpec", key);
    if (record === undefined) return {};
    const isSettled = await this.#settle(record);
    const result = await this.#reconcileRecord(key, record);
    return isSettled ? result : soonerOf(result, this.#options.clock.now() + movedOnMs);
  }

  async #reconcileRecord(key: string, record: ContainerRecord): Promise<ReconcileResult> {
    const { host, waiting, clock, dryRun } = this.#options;
    host.reviewBuild(record);
    const prepared = await host.prepare(record);
    if (this.#isOvertaken(key, record)) return { requeue: true };
    // No await from a decision to its reservation: two workers must never be promised one device.
    let decided = this.#decide(key, prepared);
    if (decided !== null && needsLook(decided)) {
      await this.#look(decided);
      decided = this.#decide(key, prepared);
    }
    if (decided === null) return {};
    const { latest, view, world, decision } = decided;
    if (this.#isOvertaken(key, record)) return { requeue: true };
    waiting.decided({ ...latest, status: decision.status }, view);
    if (dryRun) return this.#tellOnly(latest, decision);
    if (decision.reserve !== null) host.reserve(latest.uid, decision.reserve);
    const current = await this.#rememberOrGiveBack(latest, decision);
    if (decision.gone) return await this.#forget(key, latest);
    if (decision.keepLog !== undefined) await this.#options.keepLog(latest, decision.keepLog);
    for (const step of decision.steps) {
      const progress = await this.#run(step, current, world);
      // What runs beside it meanwhile may have to end before the long step does.
      if (progress === "goes-on") return dueAgain(decision, clock.now());
      if (progress === "failed") return { requeue: true };
      if (progress === "moved-on") return { requeueAt: clock.now() + movedOnMs };
    }
    host.unreserve(latest.uid);
    return resultOf(decision, clock.now());
  }

  /** What was looked up is about another spec than the one that counts now, or was not looked up at all. */
  #isOvertaken(key: string, { uid, generation }: ContainerRecord): boolean {
    const { store, steps } = this.#options;
    const latest = store.get("ContainerSpec", key);
    if (latest === undefined) return false;
    if (latest.uid !== uid || latest.generation !== generation) return true;
    return steps.cache.ready && !steps.images.knows(latest);
  }

  /** Logs the next steps in place of running them, each time they are others than before. */
  #tellOnly({ namespace, name, uid }: ContainerRecord, decision: Decision): ReconcileResult {
    const { log, clock } = this.#options;
    const planned = plannedSteps(decision.steps);
    if (!sameValue(this.#told.get(uid) ?? [], planned)) {
      for (const step of planned) log.info({ namespace, name, ...step }, "would run");
    }
    this.#told.set(uid, planned);
    return { ...resultOf(decision, clock.now()), requeue: false };
  }

  /** Decides on what is known in this moment; null when the object is gone. */
  #decide(key: string, prepared: PreparedFacts): Decided | null {
    const { store, host, clock } = this.#options;
    const latest = store.get("ContainerSpec", key);
    if (latest === undefined) return null;
    const view = host.view();
    const before = clock.now();
    const world = host.world(latest, prepared);
    // The earlier of the two: a clock that is set in between makes nothing look older than it is.
    const now = Math.min(before, clock.now());
    return { latest, view, world, decision: decide(world, now) };
  }

  /** Inspects what is about to be acted on, and looks at the devices before one is given away. */
  async #look(decided: Decided): Promise<void> {
    const { steps, inventory, engine } = this.#options;
    await Promise.all(idsToInspect(decided.decision).map((id) => steps.cache.refresh(id)));
    if (takesDevices(decided)) {
      await Promise.all([steps.cache.freshen(), inventory.refresh(inventoryMaximumAgeMs), engine.refresh()]);
    }
  }

  /**
   * Clears up what events have marked, and a promise whose container never came to be. False when the engine did not
   * answer though it is there: what is known may be old.
   */
  async #settle(record: ContainerRecord): Promise<boolean> {
    const { host, steps, engine } = this.#options;
    // All are looked at when it is back.
    if (!steps.cache.ready) return true;
    try {
      if (engine.current.cannotLimit === null) await engine.refresh();
      await steps.cache.freshen(record.uid);
      // That the last process of a container has gone makes no event.
      const lingering = steps.cache.all().filter((container) => isLingeringOf(container, record.uid));
      await Promise.all(lingering.map(({ id }) => steps.cache.refresh(id)));
      await steps.aggregates.ensure(record.namespace);
      await steps.secrets.tidy(record);
      if (host.isReserved(record.uid)) {
        await steps.cache.relist();
        host.unreserve(record.uid);
      }
      return true;
    } catch (error) {
      if (error instanceof UnreachableError) return false;
      throw error;
    }
  }

  /** What cannot be written down is not done, and takes no devices. */
  async #rememberOrGiveBack(record: ContainerRecord, decision: Decision): Promise<ContainerRecord> {
    try {
      return await this.#remember(record, decision);
    } catch (error) {
      this.#options.host.unreserve(record.uid);
      throw error;
    }
  }

  /**
   * Status and memory; durable before a step runs that nobody could explain without them, and before any step
   * while the state directory cannot be written.
   */
  async #remember(record: ContainerRecord, decision: Decision): Promise<ContainerRecord> {
    const { store, stateWritable } = this.#options;
    const next: ContainerRecord = { ...record, memory: decision.memory, status: decision.status };
    for (const announcement of decision.announcements) this.#announce(record, announcement);
    const matters = !stateWritable() || memoryMatters(record.memory, decision.memory);
    const intent = decision.steps.length > 0 && matters;
    return intent ? await store.put(next) : store.putSoon(next);
  }

  #announce(record: ContainerRecord, announcement: Announcement): void {
    this.#options.events.record({ ...announcement, about: involved(record, apiVersion) });
    logOperation(this.#options.operations, record, announcement);
  }

  async #run(step: Step, record: ContainerRecord, world: World): Promise<Progress> {
    const { log, clock, steps } = this.#options;
    const startedAt = clock.now();
    const fields = { kind: this.kind, namespace: record.namespace, name: record.name, uid: record.uid };
    this.#announce(record, stepEvent(step, world));
    try {
      const progress = await runStep(step, record, steps);
      log.info(
        { ...fields, step: step.do, cause: step.cause, progress, durationMs: clock.now() - startedAt },
        "step",
      );
      if (progress === "done") this.noteDone(record, step);
      return progress;
    } catch (error) {
      const remembered = this.noteFailure(record, step, error);
      // What failed is remembered and decides the next look; only a lost lock or an engine away go further.
      if (error instanceof UnreachableError || steps.lock.held() === false) throw error;
      if (remembered) return "failed";
      if ("id" in step) await steps.cache.refresh(step.id ?? step.name);
      return "moved-on";
    }
  }

  /** Logs that a step has been carried out, and tells of what took long. */
  noteDone(record: ContainerRecord, step: Step): void {
    logOperation(this.#options.operations, record, {
      type: "Normal",
      reason: `${step.do}Done`,
      message: step.cause,
    });
    const told = stepDone(step);
    if (told !== null) this.#announce(record, told);
  }

  /**
   * Keeps why a step failed, so that the next decision waits, or says what the owner must do. False when there is
   * nothing to keep: the world has moved on.
   */
  noteFailure(record: ContainerRecord, step: Step, error: unknown): boolean {
    const { store, clock, host, log } = this.#options;
    const latest = store.get("ContainerSpec", keyOf(record));
    const failure = failureOf(latest ?? record, step, error, clock.now());
    if (failure.settlesCreate) host.unreserve(record.uid);
    if (latest === undefined || latest.uid !== record.uid || failure.memory === null) return false;
    log.warn(
      {
        kind: this.kind,
        namespace: record.namespace,
        name: record.name,
        uid: record.uid,
        step: step.do,
        reason: failure.memory.reason,
        message: messageOf(error),
      },
      "step failed",
    );
    store.putSoon({ ...latest, memory: { ...latest.memory, failure: failure.memory } });
    this.#announce(latest, {
      type: "Warning",
      reason: stepFailed[step.do],
      message: `${failure.memory.reason}: ${failure.memory.message}`,
    });
    return true;
  }

  async #forget(key: string, record: ContainerRecord): Promise<ReconcileResult> {
    const { host, store, onDeleted } = this.#options;
    host.unreserve(record.uid);
    // Its file may have come back while this was written down.
    if (store.get("ContainerSpec", key)?.deletion == null) return { requeue: true };
    await store.delete("ContainerSpec", key);
    this.#announce(record, { type: "Normal", reason: "Deleted", message: "nothing of it is left" });
    onDeleted(record);
    return {};
  }
}

type Progress = StepProgress | "failed" | "moved-on";

interface Decided {
  readonly latest: ContainerRecord;
  readonly view: HostView;
  readonly world: World;
  readonly decision: Decision;
}

function isLingeringOf({ lingering, labels: own }: ObservedContainer, uid: string): boolean {
  return lingering === true && own[labels.uid] === uid;
}

function keyOf(record: ContainerRecord): string {
  return `${record.namespace}/${record.name}`;
}
