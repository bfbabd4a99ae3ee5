import { appliedConfiguration } from "../api/applied-configuration.ts";
import type { ApiObject, ObjectMeta } from "../api/meta.ts";
import type { CustomResourceDefinition } from "../api/crd.ts";
import { apiVersion, type Kind } from "../api/names.ts";
import { formatTime } from "../core/format-time.ts";
import type { RecordBase, StoredRecord } from "../core/record.ts";
import type { GpuRecord, ImageRecord, PresetRecord, SourceRecord } from "../ports/control-plane.ts";

/** A stored record as the API shows it; a record whose file never parsed has no spec. */
export function presentRecord(record: StoredRecord): ApiObject {
  return {
    apiVersion,
    kind: record.kind,
    metadata: metadataOf(record),
    ...(record.spec === null ? {} : { spec: record.spec }),
    status: record.status,
  };
}

/** A Gpu as the API shows it. */
export function presentGpu(record: GpuRecord): ApiObject {
  return presentObserved("Gpu", record);
}

/** A Source as the API shows it. */
export function presentSource(record: SourceRecord): ApiObject {
  return presentObserved("Source", record);
}

function presentObserved(kind: Kind, record: GpuRecord | SourceRecord): ApiObject {
  return {
    apiVersion,
    kind,
    metadata: {
      name: record.name,
      uid: record.uid,
      resourceVersion: String(record.resourceVersion),
      creationTimestamp: formatTime(record.createdAt),
    },
    spec: record.spec,
    status: record.status,
  };
}

/** An Image as the API shows it. */
export function presentImage(record: ImageRecord): ApiObject {
  return {
    apiVersion,
    kind: "Image",
    metadata: {
      name: record.name,
      uid: record.spec.id,
      resourceVersion: String(record.resourceVersion),
      creationTimestamp: formatTime(record.createdAt),
    },
    spec: record.spec,
    status: record.status,
  };
}

/** A Preset as the API shows it; they are as the configuration had them when ds01 was started. */
export function presentPreset({ name, spec }: PresetRecord): ApiObject {
  return {
    apiVersion,
    kind: "Preset",
    metadata: { name, uid: `preset-${name}`, resourceVersion: "1", creationTimestamp: formatTime(0) },
    spec,
  };
}

/** A Namespace of core/v1: one a user; it exists as soon as somebody asks or has containers. */
export function presentNamespace(name: string, resourceVersion: number): ApiObject {
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name,
      uid: `namespace-${name}`,
      resourceVersion: String(resourceVersion),
      creationTimestamp: formatTime(0),
      labels: { "kubernetes.io/metadata.name": name },
    },
    spec: {},
    status: { phase: "Active" },
  };
}

/** A CustomResourceDefinition as a server shows one that is in effect. */
export function presentDefinition(definition: CustomResourceDefinition, now: number): ApiObject {
  const { metadata, spec } = definition;
  const lastTransitionTime = formatTime(now);
  const conditions = ["NamesAccepted", "Established"].map((type) => ({
    type,
    status: "True",
    reason: "Served",
    message: "",
    lastTransitionTime,
  }));
  return {
    ...definition,
    metadata: {
      name: metadata.name,
      uid: `crd-${metadata.name}`,
      resourceVersion: "1",
      creationTimestamp: lastTransitionTime,
    },
    status: { conditions, acceptedNames: spec.names, storedVersions: spec.versions.map(({ name }) => name) },
  };
}

function metadataOf(record: RecordBase): ObjectMeta {
  const annotations =
    record.lastApplied === undefined
      ? record.annotations
      : { [appliedConfiguration]: record.lastApplied, ...record.annotations };
  return {
    name: record.name,
    ...(record.namespace === "" ? {} : { namespace: record.namespace }),
    uid: record.uid,
    generation: record.generation,
    resourceVersion: String(record.resourceVersion),
    creationTimestamp: formatTime(record.createdAt),
    ...(record.deletion === null ? {} : { deletionTimestamp: formatTime(record.deletion.requestedAt) }),
    ...(isEmpty(record.labels) ? {} : { labels: record.labels }),
    ...(isEmpty(annotations) ? {} : { annotations }),
    ...(record.managedFields === undefined ? {} : { managedFields: record.managedFields }),
  };
}

function isEmpty(map: Readonly<Record<string, string>>): boolean {
  return Object.keys(map).length === 0;
}
