import { setImmediate as nextTurn } from "node:timers/promises";
import { labels, type Kind } from "../api/names.ts";
import type { Step } from "../core/plan/step.ts";
import { defaultVolumes } from "../core/presets/preset.ts";
import type { ContainerRecord } from "../core/record.ts";
import type { ControlPlane } from "../ports/control-plane.ts";
import type { PublishedViews } from "../ports/operations-log.ts";
import { messageOf } from "../util/errors.ts";
import { controlPlane } from "./control-plane.ts";
import { runController } from "./controller.ts";
import type { ManagerPorts, ManagerSettings } from "./manager-ports.ts";
import { tellPeople } from "./notice-parts.ts";
import { buildParts, type Parts } from "./parts.ts";
import type { ChangedContainer } from "./changed-containers.ts";
import type { KnownSource } from "./source-book.ts";
import { sourceEvent } from "./source-events.ts";
import { runsNow } from "../core/run-expectations.ts";
import type { RunsNow } from "../core/schedule/run-history.ts";
import { sweepOf } from "./sweep-elements.ts";
import { heldByNamespace } from "./use-meter.ts";
import { whileLocked } from "./while-locked.ts";
import { isAsDeclared, isMoving } from "./settled.ts";

/** What objects say that wait for a container which is not ours. */
const reasonsOfOthers: ReadonlySet<string> = new Set(["NameConflict", "NameInUse", "NotAdopted"]);
/** How long the start waits for a GPU stack that does not answer. */
const firstInventoryMs = 3000;

/** Runs one controller: starts and ends its parts in order, and decides who is looked at because of what. */
export class ControllerManager {
  readonly #ports: ManagerPorts;
  readonly #settings: ManagerSettings;
  readonly #parts: Parts;
  #longSteps = 0;
  #reviewing: "no" | "yes" | "again" = "no";
  #cancelReview: () => void = () => undefined;
  #engineAsked = false;

  constructor(ports: ManagerPorts, settings: ManagerSettings) {
    this.#ports = ports;
    this.#settings = settings;
    // A dry run leaves what is published as the last run has left it.
    const views = settings.dryRun ? unpublished : ports.views;
    this.#parts = buildParts({ ...whileLocked(ports), views }, settings, {
      onContainers: (containers) => this.#onContainers(containers),
      onImage: () => {
        this.#parts.images.forget();
        this.#enqueueAll();
      },
      onEngine: (ready, message) => this.#onEngine(ready, message),
      onInventory: () => this.#parts.watch.touch(),
      onSpec: (kind, namespace, name) => this.#onSpec(kind, namespace, name),
      onSource: (known, before) => this.#onSource(known, before),
      onLongStepStart: () => {
        this.#longSteps += 1;
      },
      onLongStepEnd: (record, step, error) => void this.#onLongStepEnd(record, step, error),
    });
    ports.store.onChange((change) => {
      this.#parts.watch.touch();
      const sweep = sweepOf(change);
      if (sweep !== null) this.#parts.queue.add(sweep);
      if (change.type === "DELETED") this.#parts.images.builds.forget(change.record.uid);
    });
    tellPeople(ports, settings, this.#parts);
  }

  /** Runs until the signal: devices and cache first, then the source, then the workers. */
  async run(signal: AbortSignal): Promise<void> {
    const { store, clock, log, sources } = this.#ports;
    const { cache, host, ingest, inventory, queue, reconciler, runs, use, watch } = this.#parts;
    if (this.#ports.kernelLog !== undefined) this.#parts.devices.follow(this.#ports.kernelLog, signal);
    await this.#firstInventory(signal);
    this.#parts.engine.run(signal);
    // A dry run holds nothing, and leaves the state as it is.
    if (!this.#settings.dryRun) {
      use.start(() => heldByNamespace(host.view(), inventory.current));
      runs.start(() => (cache.ready ? this.#runsNow() : null));
    }
    this.#parts.access.run(signal);
    this.#parts.idle.run(signal);
    this.#parts.aggregates.run(signal);
    const cutting = this.#parts.migDesk.run(signal);
    const caching = cache.run(signal);
    this.#enqueueAll();
    const reading = sources.map((source) => source.run(ingest.sinkOf(source.name), signal));
    const working = runController({ queue, reconciler, clock, log, workers: this.#settings.workers }, signal);
    await Promise.all([caching, cutting, working, ...reading]);
    watch.close();
    if (!this.#settings.dryRun) await Promise.all([use.stop(), runs.stop(), this.#parts.idle.stop()]);
    await store.flush();
  }

  #runsNow(): RunsNow {
    const { store, clock } = this.#ports;
    const view = this.#parts.host.view();
    return runsNow({ ...view, records: store.list("ContainerSpec") }, clock.now());
  }

  /** True once specs and engine were asked, also when they did not answer: from then on it says how things are. */
  ready(): boolean {
    return this.#parts.book.allAsked && this.#engineAsked;
  }

  /** Whether the engine answered when it was last asked. */
  engineReady(): boolean {
    return this.#parts.cache.ready;
  }

  /** True when nothing is being worked on and nothing is under way. */
  settled(): boolean {
    const quiet = this.ready() && this.#parts.queue.idle() && this.#longSteps === 0;
    // A dry run, or one without engine or specs, moves nothing on: what is about to be made stays about to be made.
    const moves = !this.#settings.dryRun && this.#answered();
    return quiet && !(moves && this.#ports.store.list("ContainerSpec").some(isMoving));
  }

  /** True when every object is as its file, or an override of it, declares it; unknown is not. */
  asDeclared(): boolean {
    const records = this.#ports.store.list("ContainerSpec");
    return this.#answered() && records.every((one) => isAsDeclared(this.#parts.overrides.overridden(one)));
  }

  #answered(): boolean {
    return this.#parts.book.allSynced && this.#parts.cache.ready;
  }

  controlPlane(): ControlPlane {
    const { store, clock, stateWritable, provider, hostPaths, ownerFiles } = this.#ports;
    return controlPlane({
      parts: this.#parts,
      store,
      clock,
      stateWritable,
      vendor: () => provider.vendor,
      injection: this.#settings.injection,
      strategy: this.#settings.strategy,
      hostPaths,
      ownerFiles,
      volumes: this.#settings.volumes ?? defaultVolumes,
      syncSource: async (name) => {
        await this.#ports.sources.find((source) => source.name === name)?.sync?.();
        await this.#parts.ingest.settled();
      },
      resync: async () => {
        const { cache } = this.#parts;
        const listed = cache.ready ? cache.relist() : undefined;
        // The engine works on its answer while the tree is read.
        await Promise.all([listed, nextTurn().then(() => this.#rescan())]);
      },
    });
  }

  /** Devices before decisions, so that nobody is told to wait for an answer that is on its way; not for long. */
  async #firstInventory(signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    const { inventory } = this.#parts;
    const patience = new Promise<void>((resolve) => clock.callAt(clock.now() + firstInventoryMs, resolve));
    inventory.run(signal);
    await Promise.race([inventory.refresh(firstInventoryMs), patience]);
  }

  async #rescan(): Promise<void> {
    await Promise.all(this.#ports.sources.map((source) => source.rescan()));
    await this.#parts.ingest.settled();
  }

  #onContainers(containers: readonly ChangedContainer[]): void {
    const { queue, inventory, watch, gpus, idle } = this.#parts;
    idle.touch();
    const isOurs = ({ labels: own }: ChangedContainer): boolean =>
      own[labels.instance] === this.#settings.instance;
    for (const { labels: own } of containers.filter(isOurs)) {
      queue.add(`${own[labels.user] ?? ""}/${own[labels.name] ?? ""}`);
      if ((own[labels.gpuUuids] ?? "") !== "") void inventory.refresh(1000);
    }
    // Whoever used a device without us may be done with it.
    if (!containers.every(isOurs) && gpus.list().some(({ status }) => status.foreign !== undefined)) {
      void inventory.refresh(1000);
    }
    // A name may have become free, or what a spec waits for to be adopted may be gone.
    if (!containers.every(isOurs)) this.#enqueueAll(waitsForOthers);
    watch.touch();
    void this.#lookAtUnknown(containers.filter(isOurs)).then(() => this.#reviewOrphans());
  }

  /** Nobody's key would look at a container whose object is not known. */
  async #lookAtUnknown(containers: readonly ChangedContainer[]): Promise<void> {
    const { store, log } = this.#ports;
    for (const { labels: own } of containers) {
      const uid = own[labels.uid] ?? "";
      if (store.get("ContainerSpec", `${own[labels.user]}/${own[labels.name]}`)?.uid === uid) continue;
      try {
        await this.#parts.cache.freshen(uid);
      } catch (error) {
        log.debug({ uid, reason: messageOf(error) }, "containers without a spec could not be inspected");
      }
    }
  }

  /** One review at a time, for it writes records; what happens meanwhile is looked at right after. */
  async #reviewOrphans(): Promise<void> {
    if (this.#reviewing !== "no") {
      this.#reviewing = "again";
      return;
    }
    try {
      do {
        this.#reviewing = "yes";
        await this.#reviewOrphansOnce();
      } while (this.#hasToReviewAgain());
    } finally {
      this.#reviewing = "no";
    }
  }

  #hasToReviewAgain(): boolean {
    return this.#reviewing === "again";
  }

  async #reviewOrphansOnce(): Promise<void> {
    const { book, cache, orphans } = this.#parts;
    if (!book.allSynced || !cache.ready || this.#settings.dryRun) return;
    const { clock, log } = this.#ports;
    this.#cancelReview();
    try {
      const { retryAt } = await orphans.review(cache.all());
      if (retryAt !== null) this.#cancelReview = clock.callAt(retryAt, () => void this.#reviewOrphans());
    } catch (error) {
      log.error({ err: error, reason: "OrphanReviewFailed" }, "containers without a spec were not reviewed");
    }
  }

  #onEngine(ready: boolean, message: string): void {
    this.#engineAsked = true;
    this.#ports.log.info({ ready, message, reason: ready ? "EngineReady" : "EngineUnreachable" }, "engine");
    this.#enqueueAll();
    this.#parts.watch.touch();
    this.#parts.idle.touch();
    if (ready) void this.#reviewOrphans();
  }

  #onSource(known: KnownSource, before: KnownSource): void {
    const { state, source } = known;
    this.#parts.sources.update(known);
    const happening = sourceEvent(known, before);
    if (happening !== null) this.#parts.recorder.record(happening);
    if (state.type === before.state.type) return;
    const synced = state.type === "synced";
    const message = state.type === "unavailable" ? state.message : this.#parts.book.message;
    const reason = synced ? "SourceSynced" : "SourceUnavailable";
    this.#ports.log.info({ source: source.name, synced, message, reason }, "specs");
    this.#enqueueAll();
    void this.#reviewOrphans();
  }

  #onSpec(kind: Kind, namespace: string, name: string): void {
    this.#parts.idle.touch();
    if (kind !== "ContainerSpec") this.#enqueueAll();
    else this.#parts.queue.add(`${namespace}/${name}`);
  }

  #enqueueAll(which: (record: ContainerRecord) => boolean = () => true): void {
    for (const record of this.#ports.store.list("ContainerSpec")) {
      if (which(record)) this.#parts.queue.add(`${record.namespace}/${record.name}`);
    }
  }

  async #onLongStepEnd(record: ContainerRecord, step: Step, error: unknown): Promise<void> {
    const { cache, queue, reconciler, watch } = this.#parts;
    this.#longSteps -= 1;
    const key = `${record.namespace}/${record.name}`;
    try {
      if (error === undefined) reconciler.noteDone(record, step);
      else reconciler.noteFailure(record, step, error);
      if ("id" in step && step.id !== null && cache.ready) await cache.refresh(step.id);
    } catch (refreshError) {
      this.#ports.log.warn(
        { key, step: step.do, err: refreshError },
        "the end of a step could not be looked at",
      );
    }
    queue.add(key);
    // Others wait for the same image; when it failed no event tells them.
    if (step.do === "pull") this.#enqueueAll(({ spec }) => spec?.image === step.image);
    watch.touch();
  }
}

const unpublished: PublishedViews = {
  operation: () => undefined,
  publish: () => undefined,
  published: () => [],
  withdraw: () => undefined,
};

/** It waits for what becomes of a container of somebody else's. */
function waitsForOthers({ status }: ContainerRecord): boolean {
  return reasonsOfOthers.has(status.reason ?? "");
}
