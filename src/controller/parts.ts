import { defaultHealthSettings } from "../core/health/known-device.ts";
import { defaultVolumes } from "../core/presets/preset.ts";
import { buildLimits } from "./build-limits.ts";
import { ContainerAccount } from "./container-account.ts";
import { containerParts } from "./container-parts.ts";
import { ContainerSecrets } from "./container-secrets.ts";
import { DeviceFileWatch } from "./device-file-watch.ts";
import { DeviceBook } from "./device-book.ts";
import { AdoptionDesk } from "./adoption-desk.ts";
import { AggregateBook } from "./aggregate-book.ts";
import { AccessWatch } from "./access-watch.ts";
import { EngineBook } from "./engine-book.ts";
import { GivenFileBook } from "./given-file-book.ts";
import { holdersOf } from "./gpu-holders.ts";
import { ForeignUse } from "./foreign-use.ts";
import { GpuView } from "./gpu-view.ts";
import { buildIdleParts, type IdleParts } from "./idle-parts.ts";
import { HostState } from "./host-state.ts";
import { HostWatch } from "./host-watch.ts";
import { imageParts, type ImageParts } from "./image-parts.ts";
import { InventoryBook } from "./inventory-book.ts";
import type { ManagerPorts, ManagerSettings } from "./manager-ports.ts";
import { keepLog } from "./keep-log.ts";
import { MigDesk } from "./mig-desk.ts";
import type { PartHooks } from "./part-hooks.ts";
import { ViewPublisher } from "./publish-views.ts";
import { ContainerReconciler } from "./reconcilers/container.ts";
import { rememberCreated } from "./remember-created.ts";
import { Recorder } from "./recorder.ts";
import { ReservationDesk } from "./reservation-desk.ts";
import { sourceParts, type SourceParts } from "./source-parts.ts";
import { SourceBook } from "./source-book.ts";
import { RuntimeCache } from "./runtime-cache.ts";
import { SeedTurns } from "./seed-turns.ts";
import { stopDesks, type StopDesks } from "./stop-desks.ts";
import { UseCheck } from "./use-check.ts";
import { RunBook } from "./run-book.ts";
import { UseMeter } from "./use-meter.ts";
import { WaitingWatch } from "./waiting-watch.ts";
import { WorkQueue } from "./workqueue.ts";

/** The parts of one controller, each given what it needs and nothing else. */
export interface Parts extends SourceParts, IdleParts, ImageParts, StopDesks {
  readonly queue: WorkQueue;
  readonly recorder: Recorder;
  readonly adoptions: AdoptionDesk;
  readonly cache: RuntimeCache;
  readonly devices: DeviceBook;
  readonly inventory: InventoryBook;
  readonly engine: EngineBook;
  readonly access: AccessWatch;
  readonly aggregates: AggregateBook;
  readonly host: HostState;
  readonly gpus: GpuView;
  readonly watch: HostWatch;
  readonly use: UseMeter;
  readonly runs: RunBook;
  readonly reconciler: ContainerReconciler;
  readonly migDesk: MigDesk;
}

/** Puts the parts together; nothing runs yet. */
export function buildParts(ports: ManagerPorts, settings: ManagerSettings, hooks: PartHooks): Parts {
  const { store, clock, runtime, provider, log, views } = ports;
  const { instance, volumes = defaultVolumes } = settings;
  const queue = new WorkQueue(clock);
  const recorder = new Recorder({
    clock,
    nextResourceVersion: () => store.nextResourceVersion(),
    newUid: ports.newUid,
    onEvent: (event) => ports.journal.append(event),
    history: ports.journal.history(),
  });
  const imagesAndBuilds = imageParts(ports, settings, {
    cache: () => cache,
    isSourceSynced: () => book.allSynced,
    events: recorder,
    limitsOf: (record) => buildLimits(record, host, aggregates),
    onChange: (namespace, name) => queue.add(`${namespace}/${name}`),
  });
  const { images } = imagesAndBuilds;
  const { adoptions, cache } = containerParts(ports, instance, {
    onChange: hooks.onContainers,
    onImage: hooks.onImage,
    onReady: (ready, message) => {
      hooks.onEngine(ready, message);
      void secrets.sweep();
    },
  });
  const devices = new DeviceBook({
    notebook: ports.notebook,
    events: recorder,
    clock,
    log,
    health: settings.health ?? defaultHealthSettings,
    holders: (uuid) => holdersOf(host.view(), inventory.current, uuid),
    onChange: () => inventory.judgeAgain(),
    onTestDue: () => void inventory.refresh(),
  });
  const deviceFiles = new DeviceFileWatch(recorder);
  const inventory: InventoryBook = new InventoryBook({
    provider,
    clock,
    onLook: (found) => {
      devices.look(found);
      deviceFiles.look(found);
      idleParts.idle.note(found);
    },
    judge: (found) => migDesk.judged(devices.judged(found)),
    onChange: hooks.onInventory,
    someoneWaits: () => store.list("ContainerSpec").some(({ status }) => status.queue !== undefined),
  });
  const engine = new EngineBook({ runtime, clock, log });
  // Where the engine keeps its data it says itself.
  const protectedPaths = (): readonly string[] =>
    [...settings.protectedPaths, engine.current.dataRoot].filter((path) => path !== "");
  const givenFiles = new GivenFileBook({ ...ports, volumes });
  const secrets: ContainerSecrets = new ContainerSecrets({
    ...ports,
    files: ports.secretFiles ?? null,
    root: volumes.secretsRoot ?? null,
    givenFiles,
    cache,
    dryRun: settings.dryRun,
  });
  const use = new UseMeter({ document: ports.recentUse, clock, log, onChange: () => watch.touch() });
  const runs = new RunBook({ document: ports.runHistory, clock, log, onChange: () => watch.touch() });
  const access = new AccessWatch({
    access: ports.deviceAccess,
    cache,
    clock,
    instance,
    everyMs: settings.accessProbeMs,
    onChange: (namespace, name) => queue.add(`${namespace}/${name}`),
  });
  const aggregates: AggregateBook = new AggregateBook({
    cgroups: ports.aggregateCgroups ?? null,
    document: ports.ownCgroups,
    root: settings.cgroupRoot ?? "ds01",
    instance,
    engine,
    containers: () => cache.all(),
    namespaces: () => store.list("ContainerSpec").map(({ namespace }) => namespace),
    quotaOf: async (namespace) => {
      await host.learnGroups(namespace);
      return host.view().quotaOf(namespace);
    },
    onChange: (namespace) => {
      for (const record of store.list("ContainerSpec")) {
        if (record.namespace === namespace) queue.add(`${namespace}/${record.name}`);
      }
    },
    clock,
    log,
    dryRun: settings.dryRun,
  });
  const stops = stopDesks(ports, recorder, () => {
    onMoment();
    for (const { namespace, name } of store.list("ContainerSpec")) enqueue(namespace, name);
  });
  const found = { cache, queue, inventory, events: recorder, view: () => host.view() };
  const idleParts = buildIdleParts(ports, settings, found);
  const book = new SourceBook(ports.sources, hooks.onSource);
  const host: HostState = new HostState({
    ...ports,
    ...settings,
    sources: book,
    protectedPaths,
    volumes,
    aggregates,
    cache,
    images,
    files: givenFiles,
    inventory,
    engine,
    use,
    runs,
    access,
    idle: idleParts.idle,
    ...stops,
  });
  const migDesk: MigDesk = new MigDesk({
    enabled: settings.cutsCards === true && !settings.dryRun,
    provider,
    document: ports.ownSlices,
    inventory,
    host,
    knowsHolders: () => cache.ready && book.allSynced,
    records: () => store.list("ContainerSpec"),
    events: recorder,
    lock: ports.lock,
    clock,
    log,
  });
  const gpus = new GpuView(() => store.nextResourceVersion(), clock.now());
  const enqueue = (namespace: string, name: string): void => queue.add(`${namespace}/${name}`);
  const slotOf = (uuid: string): string =>
    inventory.current.devices.find((device) => device.uuid === uuid)?.slot ?? uuid;
  const publisher = new ViewPublisher(views);
  const waiting = new WaitingWatch();
  const onMoment = (): void => {
    host.timeHasCome();
    watch.touch();
  };
  const watch: HostWatch = new HostWatch({
    store,
    host,
    inventory,
    gpus,
    publisher,
    waiting,
    foreignUse: new ForeignUse(recorder, store),
    reservations: new ReservationDesk({ store, clock, onMoment }),
    clock,
    slotOf,
    enqueue,
  });
  const sources = sourceParts(ports, settings, {
    hooks,
    book,
    recorder,
    containers: () => cache.all(),
    adoptions,
    enqueue,
  });
  const reconciler = new ContainerReconciler({
    store,
    stateWritable: ports.stateWritable,
    host,
    inventory,
    engine,
    waiting,
    steps: {
      ...ports,
      cache,
      host,
      images,
      useCheck: new UseCheck({
        host,
        hostPaths: ports.hostPaths,
        protectedPaths,
        volumes,
        identity: ports.identity,
      }),
      seeds: new SeedTurns(),
      givenFiles,
      secrets,
      account: new ContainerAccount({
        files: ports.containerFiles,
        identity: ports.identity,
        events: recorder,
        log,
      }),
      aggregates,
      onCreated: (record, id) => rememberCreated(store, record, id),
      onLongStepStart: hooks.onLongStepStart,
      onLongStepEnd: hooks.onLongStepEnd,
    },
    events: recorder,
    operations: { views, slotOf },
    clock,
    log,
    dryRun: settings.dryRun,
    onDeleted: (record) => sources.ingest.deleted(record),
    keepLog: (record, which) => keepLog(record, which, { store, access: ports.containerLogs, log }),
  });
  const shared = { cache, host, inventory, store, instance, clock, newUid: ports.newUid };
  return {
    queue,
    recorder,
    ...imagesAndBuilds,
    adoptions: new AdoptionDesk({
      ...shared,
      book: adoptions,
      settings: ports.containerSettings,
      identity: ports.identity,
    }),
    cache,
    devices,
    inventory,
    engine,
    ...stops,
    access,
    ...idleParts,
    aggregates,
    host,
    gpus,
    watch,
    runs,
    use,
    ...sources,
    reconciler,
    migDesk,
  };
}
