import type { ApiObject } from "../api/meta.ts";
import { kindNames } from "../api/names.ts";
import type { Kind, KindName } from "../api/names.ts";
import { customResourceDefinition, definedKinds } from "../api/crd.ts";
import type { StoredRecord } from "../core/record.ts";
import type { Clock } from "../ports/clock.ts";
import type { ControlPlane } from "../ports/control-plane.ts";
import { hostFacts } from "./host-facts.ts";
import { ObjectCache } from "./object-cache.ts";
import {
  presentDefinition,
  presentGpu,
  presentImage,
  presentNamespace,
  presentPreset,
  presentRecord,
  presentSource,
} from "./present.ts";
import { NodeView } from "./node-view.ts";
import { presentPod } from "./present-pod.ts";
import { customResourceDefinitionType, namespaceType, nodeType, podType } from "./resource-type.ts";
import type { ResourceType } from "./resource-type.ts";

/** A kind whose objects the API serves. */
export interface ServedResource<Type extends ResourceType = KindName> {
  readonly type: Type;
  readonly cache: ObjectCache;
  /** Brings up to date what is looked at only when somebody asks; absent: it always is. */
  readonly refresh?: () => Promise<void>;
}

export interface ServedResources {
  readonly all: readonly ServedResource[];
  /** Kinds of Kubernetes as which ours are shown as well; they are only read. */
  readonly views: readonly ServedResource<ResourceType>[];
  /** One for everybody who has containers, and for those who have asked. */
  readonly namespaces: ServedResource<ResourceType>;
  readonly ensureNamespace: (name: string) => void;
  of(kind: Kind): ServedResource;
  /** Stops following the control plane. */
  close(): void;
}

export interface ServingOptions {
  /** Changes kept a kind. */
  readonly historyLength: number;
  /** Version of ds01. */
  readonly version: string;
  readonly clock: Pick<Clock, "now">;
}

/** Follows everything that the control plane knows, from this moment on. */
export function serveResources(
  control: ControlPlane,
  { historyLength, version, clock }: ServingOptions,
): ServedResources {
  const { store } = control;
  const now = clock.now();
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
  const host = hostFacts();
  const node = new NodeView({ control, host, version, clock });
  const podOf = (record: StoredRecord): ApiObject | undefined =>
    record.kind === "ContainerSpec" ? presentPod(record, host.name) : undefined;
  const nodes = cacheOf([node.now()]);
  const pods = cacheOf(store.list("ContainerSpec").flatMap((record) => podOf(record) ?? []));
  const definitions = cacheOf(
    definedKinds.map((kind) => presentDefinition(customResourceDefinition(kind), now)),
  );
  const namespaces = cacheOf(
    [...new Set(store.list("ContainerSpec").map(({ namespace }) => namespace))].map((name) =>
      presentNamespace(name, 1),
    ),
  );
  const ensureNamespace = (name: string): void => {
    if (namespaces.get(undefined, name) !== undefined) return;
    namespaces.record(presentNamespace(name, versions.next()), false);
  };
  const unsubscribe = [
    store.onChange(({ type, record: { kind, namespace } }) => {
      if (kind !== "ContainerSpec") return;
      if (type !== "DELETED") ensureNamespace(namespace);
      else if (!store.list(kind).some((other) => other.namespace === namespace)) {
        namespaces.record(presentNamespace(namespace, versions.next()), true);
      }
    }),
    store.onChange(({ type, record }) => {
      const object = presentRecord(record);
      caches[record.kind].record(object, type === "DELETED");
      const pod = type === "DELETED" ? undefined : podOf(record);
      if (record.kind === "ContainerSpec") {
        const before = pods.get(record.namespace, record.name);
        if (pod !== undefined) pods.record(pod, false);
        else if (before !== undefined) pods.record({ ...before, metadata: versioned(before, object) }, true);
      }
    }),
    control.gpus.onChange(({ type, object }) => {
      caches.Gpu.record(presentGpu(object), type === "DELETED");
      node.bringUpToDate(nodes);
    }),
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
    views: [
      { type: podType, cache: pods },
      { type: nodeType, cache: nodes, refresh: async () => node.bringUpToDate(nodes) },
      { type: customResourceDefinitionType, cache: definitions },
    ],
    namespaces: { type: namespaceType, cache: namespaces },
    ensureNamespace,
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

function versioned({ metadata }: ApiObject, changed: ApiObject): ApiObject["metadata"] {
  return { ...metadata, resourceVersion: changed.metadata.resourceVersion };
}
