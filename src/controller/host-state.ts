import type { ObservedContainer } from "../core/observed.ts";
import { portUses } from "../core/quota/port-conflict.ts";
import { containerName } from "../core/plan/container-name.ts";
import { emergencyIn } from "../core/emergency-stop.ts";
import { hostView, type HostInput, type HostView } from "../core/host-view.ts";
import type { ContainerRecord, QuotaRecord, ReservationRecord, StoredRecord } from "../core/record.ts";
import type { Reservation } from "../core/schedule/claims.ts";
import { defaultPreemption } from "../core/schedule/preemption.ts";
import type { World } from "../core/world.ts";
import type { StoreChange } from "../ports/store.ts";
import { sameValue } from "../util/same-value.ts";
import { elementsOf } from "./sweep-elements.ts";
import { ForeignOwners } from "./foreign-owners.ts";
import { lookAtSpec, noPaths, quotaHere, usesOwner } from "./host-path-facts.ts";
import { inputsReady } from "./inputs-ready.ts";
import { sharedPart } from "./shared-part.ts";
import type { HostStateOptions, PreparedFacts } from "./host-state-options.ts";
import { toAdopt } from "./to-adopt.ts";
import type { Turn } from "./turn.ts";
import { isRecent } from "../util/is-recent.ts";

/** A view may be this old before deadlines in it are looked at again. */
const viewMaximumAgeMs = 500;

/**
 * Everything decisions share, in one place. Reservations bridge the time between a decision and the container
 * that carries its label; `world` and `reserve` run without an await between them, so two workers can never be
 * given one device (I1).
 */
export class HostState {
  readonly #options: HostStateOptions;
  readonly #reservations = new Map<string, Reservation>();
  readonly #groups = new Map<string, readonly string[]>();
  /** Container id -> grace of the stop under way, in milliseconds. */
  readonly #stopping = new Map<string, number>();
  readonly #foreignOwners: ForeignOwners;
  /** Uid -> what of the record other objects depend on. */
  readonly #shared = new Map<string, unknown>();
  #quotas: readonly QuotaRecord[] | null = null;
  #bookings: readonly ReservationRecord[] | null = null;
  #version = 0;
  #view: { readonly key: string; readonly at: number; readonly view: HostView } | null = null;

  constructor(options: HostStateOptions) {
    this.#options = options;
    this.#foreignOwners = new ForeignOwners(options.identity);
    options.store.onChange((change) => this.#note(change));
  }

  /** A change of nothing but a status or a lifecycle state leaves the view as it is. */
  #note({ type, record }: StoreChange<StoredRecord["kind"]>): void {
    const shared = sharedPart(record);
    if (type !== "DELETED" && sameValue(this.#shared.get(record.uid), shared)) return;
    if (type === "DELETED") this.#shared.delete(record.uid);
    else this.#shared.set(record.uid, shared);
    if (record.kind === "QuotaSpec") this.#quotas = null;
    if (record.kind === "ReservationSpec") this.#bookings = null;
    this.#version += 1;
  }

  #quotaRecords(): readonly QuotaRecord[] {
    this.#quotas ??= this.#options.store.list("QuotaSpec");
    return this.#quotas;
  }

  #bookingRecords(): readonly ReservationRecord[] {
    this.#bookings ??= this.#options.store.list("ReservationSpec");
    return this.#bookings;
  }

  /** A moment has come at which decisions may be others though nothing has changed. */
  timeHasCome(): void {
    this.#version += 1;
  }

  /** Grows whenever a decision could come out differently. */
  get versionKey(): string {
    const { cache, inventory, images, files, use, runs, engine } = this.#options;
    const versions = [cache, inventory, images, files, use, runs, engine].map(({ version }) => version);
    return [this.#version, ...versions].join("/");
  }

  /** Looks up what a decision about the object needs and only the system can tell; admissions need no `builds`. */
  async prepare(
    record: ContainerRecord,
    { builds = true }: { readonly builds?: boolean } = {},
  ): Promise<PreparedFacts> {
    const { spec, namespace } = record;
    await this.learnGroups(namespace);
    if (spec === null) return { owner: null, fileProblem: null, ...noPaths };
    if (this.#options.cache.ready) await this.#options.images.look(record, { builds });
    const owner = usesOwner(spec) ? ((await this.#options.identity.accountOf(namespace)) ?? null) : null;
    const facts = await lookAtSpec({ record, spec, owner }, this.#options, this.view().quotaOf(namespace));
    const about = { ...facts, owner, containers: this.view().containersOf.get(record.uid) ?? [] };
    return { owner, fileProblem: await this.#options.files.look(record, about), ...facts };
  }

  /** Ends the build under way that the object, as it counts now, has no use for. Not for previews: they end nothing. */
  reviewBuild(record: ContainerRecord): void {
    const { images, overrides, emergency } = this.#options;
    const { emergencyStop } = emergencyIn(emergency.stops, record.namespace);
    images.builds.review(overrides.overridden(record), emergencyStop !== null);
  }

  /** Groups decide which quota applies; they are asked for once a prepare and cached by the identity port. */
  async learnGroups(namespace: string): Promise<readonly string[]> {
    const groups = await this.#options.identity.groupsOf(namespace);
    // Who is in none counts like who was never asked for: names come from everybody who may ask.
    if (groups.join() === (this.#groups.get(namespace) ?? []).join()) return groups;
    this.#groups.set(namespace, groups);
    this.#version += 1;
    return groups;
  }

  /** Looks up whose the containers on GPUs are that are not ours; true when the view is another by that. */
  async learnForeignOwners(): Promise<boolean> {
    const { cache, inventory } = this.#options;
    if (!(await this.#foreignOwners.learn(cache.all(), inventory.current))) return false;
    this.#version += 1;
    return true;
  }

  /** The shared view, computed again only when something changed or time has passed. */
  view(): HostView {
    const now = this.#options.clock.now();
    const key = this.versionKey;
    if (this.#view !== null && this.#view.key === key && isRecent(this.#view.at, now, viewMaximumAgeMs)) {
      return this.#view.view;
    }
    const view = this.#compute(this.#options.store.list("ContainerSpec"), now);
    this.#view = { key, at: now, view };
    return view;
  }

  #compute(
    records: readonly ContainerRecord[],
    now: number,
    hooks: Partial<Pick<HostInput, "onTurn" | "inputsReady" | "containers" | "quotas">> = {},
  ): HostView {
    const { cache, inventory, instance, strategy, machineCpus, strategyOverrides, overrides } = this.#options;
    return hostView({
      ...(machineCpus === undefined ? {} : { machineCpus }),
      ...(strategyOverrides === undefined ? {} : { strategyOverrides }),
      records: records.map((record) => overrides.overridden(record)),
      quotas: this.#quotaRecords(),
      bookings: this.#bookingRecords(),
      emergencyStops: this.#options.emergency.stops,
      groups: this.#groups,
      containers: cache.all(),
      instance,
      inventory: inventory.current,
      reservations: this.#reservations,
      inputsReady: (record) => inputsReady(record, this.#options),
      strategy,
      cannotLimit: this.#options.engine.current.cannotLimit,
      preemption: this.#options.preemption ?? defaultPreemption,
      foreignOwners: this.#foreignOwners.found,
      recentUse: this.#options.use.recent,
      runHistory: this.#options.runs.history,
      now,
      clock: this.#options.clock.reading(),
      ...hooks,
    });
  }

  /** The world of one object from what is known now; synchronous, so that it can be acted on at once. */
  world(record: ContainerRecord, prepared: PreparedFacts): World {
    return this.worldIn(this.view(), record, prepared);
  }

  /** The world as it would be if `record` stood in the store; for previews. */
  worldIf(record: ContainerRecord, prepared: PreparedFacts): World {
    const view = this.#compute(this.#recordsWith(record), this.#options.clock.now());
    return this.worldIn(view, record, prepared);
  }

  /** The shared view as it would be with these objects and quotas; for previews. */
  viewIf(records: readonly ContainerRecord[], quotas: readonly QuotaRecord[]): HostView {
    return this.#compute(records, this.#options.clock.now(), { quotas });
  }

  /** The same if these were the containers, with who then holds what. */
  worldWith(
    record: ContainerRecord,
    prepared: PreparedFacts,
    containers: readonly ObservedContainer[],
  ): { readonly world: World; readonly view: HostView } {
    const view = this.#compute(this.#recordsWith(record), this.#options.clock.now(), { containers });
    return { world: this.worldIn(view, record, prepared), view };
  }

  /** The same as if its image were here, with what the scheduler had for it at its turn; null: it wanted nothing. */
  turnIf(
    record: ContainerRecord,
    prepared: PreparedFacts,
  ): { readonly world: World; readonly turn: Turn | null } {
    let turn: Turn | null = null;
    const view = this.#compute(this.#recordsWith(record), this.#options.clock.now(), {
      inputsReady: (one) => one === record || inputsReady(one, this.#options),
      onTurn: (demand, leases) => {
        if (demand.uid === record.uid) turn = { demand, leases };
      },
    });
    return { world: this.worldIn(view, record, prepared), turn };
  }

  #recordsWith(record: ContainerRecord): readonly ContainerRecord[] {
    const others = this.#options.store
      .list("ContainerSpec")
      .filter(({ namespace, name }) => namespace !== record.namespace || name !== record.name);
    return [...others, record];
  }

  /** The same in a view of `view` or `viewIf`. */
  worldIn(view: HostView, declared: ContainerRecord, prepared: PreparedFacts): World {
    const record = this.#options.overrides.overridden(declared);
    const { cache, images, inventory, provider, instance, injection, access, accessPolicy } = this.#options;
    const engine = this.#options.engine.current;
    const containers = view.containersOf.get(record.uid) ?? [];
    const named = cache.byName(containerName(record.namespace, record.name));
    const taken = named !== undefined && !containers.some(({ id }) => id === named.id);
    return {
      record,
      instance,
      clock: this.#options.clock.reading(),
      engineReady: cache.ready,
      ...(cache.readySince === undefined ? {} : { engineSince: cache.readySince }),
      sourceSynced: this.#options.sources.isSynced(record.source.source),
      containers,
      nameTakenBy: taken ? named.name : null,
      toAdopt: toAdopt(record, containers, this.#options),
      image: images.state(record),
      imageReference: images.referenceOf(record),
      stopping: this.#stopping,
      owner: prepared.owner,
      quota: quotaHere(view.quotaOf(record.namespace), prepared),
      aggregate: this.#options.aggregates.stateOf(record.namespace),
      othersUsage: view.usage(record.namespace, record.uid),
      hostPaths: prepared.hostPaths,
      fileProblem: prepared.fileProblem,
      portUses: (record.spec?.ports ?? []).length === 0 ? [] : portUses(cache.all()),
      volumes: this.#options.volumes,
      protectedPaths: prepared.protectedPaths,
      borrowing: view.borrowers.has(record.uid),
      preemption: view.notices.get(record.uid) ?? null,
      ...emergencyIn(this.#options.emergency.stops, record.namespace),
      stopOverride: this.#options.overrides.of(record),
      claim: view.claims.get(record.uid) ?? null,
      reserved: view.reservedFrom(record),
      gate: view.gates.get(record.uid) ?? null,
      ...elementsOf(record, this.#options.store),
      blocks: view.blocking.get(record.uid) ?? null,
      schedule: view.outcomes.get(record.uid) ?? null,
      devices: inventory.current.devices,
      gpuStackReady: inventory.current.ready,
      ...(inventory.current.driver === undefined ? {} : { driver: inventory.current.driver }),
      gpuAccess: { lost: access.lost, policy: accessPolicy },
      idle: this.#options.idle.factsOf(record, view),
      attach: (devices, made = null) => provider.attach(devices, { engine, choice: injection, made }),
    };
  }

  reserve(uid: string, devices: readonly string[]): void {
    this.#reservations.set(uid, { devices });
    this.#version += 1;
  }

  isReserved(uid: string): boolean {
    return this.#reservations.has(uid);
  }

  /** False when a device promised to the object has come to be held by another one that is firmer. */
  keepsReservation(uid: string): boolean {
    const reserved = this.#reservations.get(uid)?.devices ?? [];
    if (reserved.length === 0) return true;
    const held = this.view().claims.get(uid)?.deviceUuids ?? [];
    return reserved.every((uuid) => held.includes(uuid));
  }

  unreserve(uid: string): void {
    if (this.#reservations.delete(uid)) this.#version += 1;
  }

  /** `graceMs`: how long it is given to end by itself. */
  markStopping(containerId: string, graceMs: number): void {
    this.#stopping.set(containerId, graceMs);
  }

  doneStopping(containerId: string): void {
    this.#stopping.delete(containerId);
  }
}
