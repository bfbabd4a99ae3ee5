import { formatTime } from "../core/format-time.ts";
import { describePreset } from "../core/presets/describe-preset.ts";
import type { VolumeSettings } from "../core/presets/preset.ts";
import { deletedObject } from "../core/tombstone.ts";
import { describeIdleness } from "../core/idle/describe-idleness.ts";
import type { InjectionChoice } from "../core/schedule/injection.ts";
import type { Strategy } from "../core/schedule/strategies.ts";
import type { Clock } from "../ports/clock.ts";
import type { ControlPlane } from "../ports/control-plane.ts";
import type { HostPaths } from "../ports/host-paths.ts";
import type { OwnerFiles } from "../ports/owner-files.ts";
import type { Store } from "../ports/store.ts";
import { describeContainer } from "./describe.ts";
import { healthChecks } from "./health.ts";
import type { Parts } from "./parts.ts";
import { previewText } from "./preview.ts";
import { startAgain } from "./start-again.ts";
import { ControllerQuestions } from "./questions.ts";

/** What the door to the API needs beside the parts. */
export interface ControlPlaneOptions {
  readonly parts: Parts;
  readonly store: Store;
  readonly clock: Clock;
  readonly stateWritable: () => boolean;
  /** Whose devices they are, as the provider knows by now. */
  readonly vendor: () => string;
  readonly injection: InjectionChoice;
  readonly strategy: Strategy;
  readonly hostPaths: HostPaths;
  readonly ownerFiles: OwnerFiles;
  readonly volumes: VolumeSettings;
  readonly resync: () => Promise<void>;
  /** Resolves when the attempt has ended and what it found is taken in. */
  readonly syncSource: (name: string) => Promise<void>;
}

/** The controller as the API server sees it. */
export function controlPlane(options: ControlPlaneOptions): ControlPlane {
  const { parts, store, clock, volumes } = options;
  const { host, inventory, engine, recorder, prunes, cache, gpus } = parts;
  return {
    store,
    events: recorder,
    gpus,
    images: parts.imageView,
    pruneImages: (request) => parts.imagePruner.prune(request),
    adoptions: parts.adoptions,
    presets: () =>
      volumes.presets.map((preset) => ({ name: preset.name, spec: describePreset(preset, volumes) })),
    sources: parts.sources,
    syncSource: async (name) => {
      parts.suspensions.refuseSync(name);
      await options.syncSource(name);
    },
    branches: parts.branches,
    suspendSource: (request) => parts.suspensions.suspend(request),
    resumeSource: (source, by) => parts.suspensions.resume(source, by),
    questions: new ControllerQuestions({
      host,
      inventory,
      cache,
      gpus,
      clock,
      store,
      strategy: options.strategy,
      aggregates: parts.aggregates,
      hostPaths: options.hostPaths,
    }),
    describe: (namespace, name) => {
      const record = store.get("ContainerSpec", `${namespace}/${name}`);
      if (record === undefined) return undefined;
      const events = recorder.about("ContainerSpec", namespace, name);
      const view = host.view();
      const idle = describeIdleness(
        parts.idle.factsOf(record, view),
        record,
        view.quotaOf(namespace),
        clock.now(),
      );
      return describeContainer({ record, view, inventory: inventory.current, events, idle });
    },
    preview: (text, path) => previewText(text, path, { store, host, clock }),
    containerId: (namespace, name) =>
      store.get("ContainerSpec", `${namespace}/${name}`)?.status.container?.id,
    keptLog: (namespace, name) => {
      const kept = store.get("ContainerSpec", `${namespace}/${name}`)?.memory.keptLog;
      return kept === undefined ? undefined : { finishedAt: formatTime(kept.finishedAt), text: kept.text };
    },
    buildLog: (namespace, name, wanted) => {
      const uid = store.get("ContainerSpec", `${namespace}/${name}`)?.uid ?? "";
      return parts.images.builds.output(uid)?.open(wanted);
    },
    health: () =>
      healthChecks({
        sourceSynced: parts.book.allSynced,
        sourceMessage: parts.book.message,
        engineReady: cache.ready,
        engineMessage: cache.message,
        inventory: inventory.current,
        stateWritable: options.stateWritable(),
        injection: {
          vendor: options.vendor(),
          devices: inventory.current.devices,
          engine: engine.current,
          choice: options.injection,
        },
        access: parts.access.check(engine.current),
        missingPrograms: options.ownerFiles.missingPrograms(),
        unreadableEmergencyStops: parts.emergency.unreadable,
        unreadableSuspensions: parts.suspensions.unreadable,
        unknownCordons: parts.devices.unknownOf(inventory.current),
        unreadableKeepAlivesUntil: parts.keepAlives.unreadableUntil,
        kernelLog: parts.devices.kernelLog,
      }),
    blockedPrunes: () => prunes.blocked(),
    noteFields: (note) => parts.fieldNotes.note(note),
    takeBackFields: (note) => parts.fieldNotes.takeBack(note),
    expectRemoval: (kind, namespace, name, actor) => prunes.expect({ kind, namespace, name }, actor),
    confirmPrune: (word, actor) => prunes.confirm(word, actor),
    setSchedulable: async (gpu, change) => {
      const device = inventory.current.devices.find(({ slot, uuid }) => slot === gpu || uuid === gpu);
      if (device === undefined) return undefined;
      await parts.devices.setSchedulable(device, change);
      parts.watch.update();
      return gpus.list().find(({ uid }) => uid === device.uuid);
    },
    deletedObjects: () => parts.tombstones.list().map(deletedObject),
    emergencyStops: () => parts.emergency.lines,
    emergencyStop: (request) => parts.emergency.stop(request),
    resume: (user, by) => parts.emergency.resume(user, by),
    overrideStop: (request) => parts.overrides.stop(request),
    endOverride: (namespace, name, by) => parts.overrides.end({ namespace, name, by }),
    keepAlive: ({ namespace, name, ...request }) => parts.keepAlives.keep(namespace, name, request),
    startAgain: async (namespace, name) => {
      await startAgain(store, namespace, name);
      parts.queue.add(`${namespace}/${name}`);
    },
    resync: options.resync,
  };
}
