import { labels } from "../api/names.ts";
import type { ObservedContainer } from "../core/observed.ts";
import type { Clock } from "../ports/clock.ts";
import type { ContainerRuntime, ListedContainer, RuntimeHint } from "../ports/container-runtime.ts";
import type { Log } from "../ports/log.ts";
import { messageOf, UnreachableError } from "../util/errors.ts";
import type { AdoptionBook } from "./adoption-book.ts";
import { sameValue } from "../util/same-value.ts";
import { refreshAll } from "./refresh-all.ts";
import { changedContainers, type ChangedContainer } from "./changed-containers.ts";
import { irrelevantActions } from "./irrelevant-actions.ts";
import { RollingAudit } from "./rolling-audit.ts";
import { listFingerprint } from "./list-fingerprint.ts";
import { StaleMarks } from "./stale-marks.ts";
import { UnreadableContainers } from "./unreadable-containers.ts";

/** How often everything is listed even if no event came (DESIGN 5). */
const relistMs = 60_000;
/** Inspects under way at the same time. */
const inspectsAtOnce = 4;
/** Time between tries while the engine does not answer. */
const retryMs = 1000;

export interface RuntimeCacheOptions {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly log: Log;
  /** Containers that ds01 did not make and that are seen as its own all the same. */
  readonly adoptions: Pick<AdoptionBook, "seen" | "ids" | "gone">;
  /** Something about these containers (or one that is gone) may be new. */
  readonly onChange: (containers: readonly ChangedContainer[]) => void;
  readonly onImage: (reference: string) => void;
  readonly onReady: (ready: boolean, message: string) => void;
}

/**
 * What inspect showed of every container, kept fresh by hints and relists.
 * INVARIANTS: a container leaves only when a complete list lacks it and inspect answers a definite 404 (I5);
 * events never change an entry, they only mark it stale; `ready` is true only after a complete list on the
 * present connection.
 */
export class RuntimeCache {
  readonly #options: RuntimeCacheOptions;
  readonly #containers = new Map<string, ObservedContainer>();
  readonly #listed = new Map<string, string>();
  readonly #stale = new StaleMarks();
  readonly #audit: RollingAudit;
  readonly #unreadable: UnreadableContainers;
  #relisting: Promise<void> | null = null;
  #relistAgain = false;
  #disconnects = 0;
  /** When the engine was there again last, in milliseconds since the epoch; undefined: not yet. */
  readySince: number | undefined;
  /** Null until the engine was asked once. */
  #ready: boolean | null = null;
  #message = "not asked yet";
  #version = 0;
  #all: readonly ObservedContainer[] | null = null;
  readonly #ids = new Map<string, string>();

  constructor(options: RuntimeCacheOptions) {
    this.#options = options;
    this.#unreadable = new UnreadableContainers(options.log);
    this.#audit = new RollingAudit(options.clock);
  }

  get ready(): boolean {
    return this.#ready === true;
  }

  get message(): string {
    return this.#message;
  }

  /** Grows with every change of an entry. */
  get version(): number {
    return this.#version;
  }

  all(): readonly ObservedContainer[] {
    return (this.#all ??= [...this.#containers.values()]);
  }

  byName(name: string): ObservedContainer | undefined {
    const id = this.#ids.get(name);
    return id === undefined ? undefined : this.#containers.get(id);
  }

  get(id: string): ObservedContainer | undefined {
    return this.#containers.get(id);
  }

  /**
   * Inspects what events have marked stale: of one uid, or everything. Of everything, what the engine cannot show
   * stays as it was last seen, and the owners are told: they may have looked while the engine did not answer.
   */
  async freshen(uid?: string): Promise<void> {
    const due = this.#stale.due(uid);
    const before = this.#entries(due);
    try {
      await Promise.all(due.map((id) => (uid === undefined ? this.#tryRefresh(id) : this.refresh(id))));
    } finally {
      if (uid === undefined) this.#tellChanged(before);
    }
  }

  /** Inspects one container now; throws what the engine says, and then nothing has changed. */
  async refresh(idOrName: string, signal?: AbortSignal): Promise<ObservedContainer | undefined> {
    const asked = this.#stale.ask();
    const found = await this.#options.runtime.inspect(idOrName, signal);
    this.#unreadable.forget(found?.id ?? idOrName);
    if (found === undefined) return await this.#gone(idOrName, signal);
    const observed = this.#options.adoptions.seen(found);
    if (!this.#stale.answered(observed.id, asked)) return this.#containers.get(observed.id);
    this.#keep(observed);
    return observed;
  }

  /** The container has come to be an object's, which Docker knows nothing of. */
  adopted(id: string): void {
    const container = this.#containers.get(id);
    const seen = container && this.#options.adoptions.seen(container);
    if (seen === undefined || sameValue(container, seen)) return;
    this.#keep(seen);
    this.#options.onChange([seen]);
  }

  /** A definite 404. Of a name it says only that nobody is called so now: the container may have been renamed. */
  async #gone(idOrName: string, signal: AbortSignal | undefined): Promise<undefined> {
    const called = this.byName(idOrName);
    if (called === undefined || called.id === idOrName) this.#drop(idOrName);
    else await this.refresh(called.id, signal);
  }

  /** Lists everything and inspects what looks different; joins a list that is under way. */
  async relist(): Promise<void> {
    if (this.#relisting !== null) {
      this.#relistAgain = true;
      return await this.#relisting;
    }
    this.#relisting = this.#relistUntilQuiet().finally(() => {
      this.#relisting = null;
    });
    await this.#relisting;
  }

  /** Follows hints and relists until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const cancel = this.#relistPeriodically(signal);
    try {
      for await (const hint of this.#options.runtime.watch(signal)) this.#onHint(hint);
    } finally {
      cancel();
    }
  }

  #relistPeriodically(signal: AbortSignal): () => void {
    const { clock } = this.#options;
    let cancel = (): void => undefined;
    const next = (): void => {
      if (signal.aborted) return;
      void this.#tryRelist().finally(() => {
        if (!signal.aborted) cancel = clock.callAt(clock.now() + (this.ready ? relistMs : retryMs), next);
      });
    };
    next();
    return () => cancel();
  }

  async #tryRelist(): Promise<void> {
    try {
      await this.relist();
    } catch (error) {
      this.#setReady(false, messageOf(error));
    }
  }

  #onHint(hint: RuntimeHint): void {
    if (hint.type === "image") return this.#options.onImage(hint.id);
    if (hint.type === "connected") {
      void this.#tryRelist();
      return;
    }
    if (hint.type === "disconnected") {
      this.#disconnects += 1;
      return this.#setReady(false, "the connection to the Docker engine is lost");
    }
    if (irrelevantActions.test(hint.action)) return;
    const known = this.#containers.get(hint.id)?.labels;
    const containerLabels = { ...hint.labels, ...known };
    this.#stale.mark(hint.id, containerLabels);
    if ((containerLabels[labels.uid] ?? "") === "") void this.#refreshForeign(hint.id);
    else this.#options.onChange([{ id: hint.id, labels: containerLabels }]);
  }

  /** A container that belongs to no object has no key that would look at it. */
  async #refreshForeign(id: string): Promise<void> {
    try {
      const before = this.#version;
      await this.#tryRefresh(id);
      if (this.#version !== before) this.#options.onChange([{ id, labels: {} }]);
    } catch (error) {
      this.#options.log.debug({ id, reason: messageOf(error) }, "a container could not be inspected");
    }
  }

  /** One container that the engine cannot show keeps nobody else waiting; false when it stays as last seen. */
  async #tryRefresh(id: string): Promise<boolean> {
    try {
      await this.refresh(id);
      return true;
    } catch (error) {
      if (error instanceof UnreachableError) throw error;
      this.#unreadable.tell(id, this.#containers.get(id)?.name, error);
      return false;
    }
  }

  async #relistUntilQuiet(): Promise<void> {
    do {
      this.#relistAgain = false;
      await this.#relistOnce();
    } while (this.#relistAgain);
  }

  async #relistOnce(): Promise<void> {
    const disconnects = this.#disconnects;
    const list = await this.#options.runtime.list();
    const present = new Set(list.map((container) => container.id));
    const due = new Set(list.filter((container) => this.#looksDifferent(container)).map(({ id }) => id));
    const known = [...this.#containers.keys(), ...this.#options.adoptions.ids()];
    for (const id of known) if (!present.has(id)) due.add(id);
    for (const id of this.#audit.due([...this.#containers.keys()])) due.add(id);
    const before = this.#entries(due);
    const unread = await refreshAll([...due], inspectsAtOnce, (id) => this.#tryRefresh(id));
    // What could not be inspected is tried again at the next relist.
    for (const container of list) {
      if (!unread.has(container.id)) this.#listed.set(container.id, listFingerprint(container));
    }
    // A list from before the connection was lost says nothing about the engine as it is now.
    if (disconnects === this.#disconnects) this.#setReady(true, "answers");
    this.#tellChanged(before);
  }

  #entries(ids: Iterable<string>): ReadonlyMap<string, ObservedContainer | undefined> {
    return new Map([...ids].map((id) => [id, this.#containers.get(id)]));
  }

  #tellChanged(before: ReadonlyMap<string, ObservedContainer | undefined>): void {
    const changed = changedContainers(before, this.#containers);
    if (changed.length > 0) this.#options.onChange(changed);
  }

  #looksDifferent(listed: ListedContainer): boolean {
    return (
      this.#stale.has(listed.id) ||
      // It may have ended as it had ended before the last list, without an event.
      this.#containers.get(listed.id)?.state !== listed.state ||
      this.#listed.get(listed.id) !== listFingerprint(listed)
    );
  }

  #keep(observed: ObservedContainer): void {
    const before = this.#containers.get(observed.id);
    if (sameValue(before, observed)) return;
    this.#forgetName(before);
    this.#containers.set(observed.id, observed);
    this.#ids.set(observed.name, observed.id);
    this.#changed();
  }

  /** Another container may have taken the name meanwhile. */
  #forgetName(container: ObservedContainer | undefined): void {
    if (container !== undefined && this.#ids.get(container.name) === container.id)
      this.#ids.delete(container.name);
  }

  #changed(): void {
    this.#all = null;
    this.#version += 1;
  }

  #drop(id: string): void {
    this.#listed.delete(id);
    this.#stale.drop(id);
    this.#unreadable.forget(id);
    this.#forgetName(this.#containers.get(id));
    if (this.#containers.delete(id)) this.#changed();
    this.#options.adoptions.gone(id);
  }

  #setReady(ready: boolean, message: string): void {
    this.#message = message;
    if (ready === this.#ready) return;
    this.#ready = ready;
    if (ready) this.readySince = this.#options.clock.now();
    this.#version += 1;
    this.#options.onReady(ready, message);
  }
}
