import type { ApiObject } from "../api/meta.ts";
import { kindNames } from "../api/names.ts";
import type { Kind, KindName } from "../api/names.ts";
import type { ControlPlane } from "../ports/control-plane.ts";
import { ObjectCache } from "./object-cache.ts";
import { presentGpu, presentImage, presentPreset, presentRecord, presentSource } from "./present.ts";

/** A kind whose objects the API serves. */
export interface ServedResource {
  readonly type: KindName;
  readonly cache: ObjectCache;
  /** Brings up to date what is looked at only when somebody asks; absent: it always is. */
  readonly refresh?: () => Promise<void>;
}

export interface ServedResources {
  readonly all: readonly ServedResource[];
  of(kind: Kind): ServedResource;
  /** Stops following the control plane. */
  close(): void;
}

/** Follows everything that the control plane knows, from this moment on; `historyLength` changes a kind are kept. */
export function serveResources(control: ControlPlane, historyLength: number): ServedResources {
  const { store } = control;
  const versions = { current: () => store.resourceVersion(), next: () => store.nextResourceVersion() };
  const cacheOf = (objects: readonly ApiObject[]): ObjectCache =>
    new ObjectCache(versions, historyLength, objects);
  const caches: Readonly<Record<Kind, ObjectCache>> = {
    ContainerSpec: cacheOf(store.list("ContainerSpec").map(presentRecord)),
    QuotaSpec: cacheOf(store.list("QuotaSpec").map(presentRecord)),
    ReservationSpec: cacheOf(store.list("ReservationSpec").map(presentRecord)),
    Gpu: cacheOf(control.gpus.list().map(presentGpu)),
    Image: cacheOf(control.images.list().map(presentImage)),
    Preset: cacheOf(control.presets().map(presentPreset)),
    Source: cacheOf(control.sources.list().map(presentSource)),
    Event: cacheOf(control.events.list()),
  };
  const unsubscribe = [
    store.onChange(({ type, record }) => {
      caches[record.kind].record(presentRecord(record), type === "DELETED");
    }),
    control.gpus.onChange(({ type, object }) => caches.Gpu.record(presentGpu(object), type === "DELETED")),
    control.images.onChange(({ type, object }) =>
      caches.Image.record(presentImage(object), type === "DELETED"),
    ),
    control.sources.onChange(({ object }) => caches.Source.record(presentSource(object), false)),
    control.events.onChange(({ type, object }) => caches.Event.record(object, type === "DELETED")),
  ];
  const refresh = async (): Promise<void> => control.images.refresh();
  const all = kindNames.map((type) => ({
    type,
    cache: caches[type.kind],
    ...(type.kind === "Image" ? { refresh } : {}),
  }));
  return {
    all,
    of: (kind) => {
      const found = all.find(({ type }) => type.kind === kind);
      if (found === undefined) throw new TypeError(`the kind ${kind} is not served`);
      return found;
    },
    close: () => {
      for (const stop of unsubscribe) stop();
    },
  };
}
