import { apiVersion } from "../api/names.ts";
import type { KindName } from "../api/names.ts";

/** Everything below this path is ds01's own group. */
export const groupPath = `/apis/${apiVersion}`;

/** Selects objects of a list or watch. */
export interface Selection {
  /** Absent: all namespaces (what the caller may see). Ignored for cluster-scoped kinds. */
  readonly namespace?: string;
  /** Only this object. */
  readonly name?: string;
  /** As Kubernetes writes them: `app=train,tier!=test`. */
  readonly labelSelector?: string;
  /** `metadata.name`, `metadata.namespace`; for events also `involvedObject.*`, `type`, `reason`. */
  readonly fieldSelector?: string;
}

/** Path of the collection of a kind. */
export function collectionPath(kind: KindName, namespace: string | undefined): string {
  const base = kind.apiVersion.includes("/") ? `/apis/${kind.apiVersion}` : `/api/${kind.apiVersion}`;
  return kind.namespaced && namespace !== undefined
    ? `${base}/namespaces/${encodeURIComponent(namespace)}/${kind.plural}`
    : `${base}/${kind.plural}`;
}

/** Path of one object. */
export function objectPath(kind: KindName, namespace: string | undefined, name: string): string {
  return `${collectionPath(kind, namespace)}/${encodeURIComponent(name)}`;
}

/** `?a=b` of what is defined; empty when nothing is. */
export function queryText(
  values: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>,
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    if (typeof value === "object") for (const item of value) query.append(name, item);
    else query.append(name, String(value));
  }
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}

/** Query parameters of a selection. */
export function selectionQuery(selection: Selection): Readonly<Record<string, string | undefined>> {
  const fields = [
    ...(selection.fieldSelector === undefined ? [] : [selection.fieldSelector]),
    ...(selection.name === undefined ? [] : [`metadata.name=${selection.name}`]),
  ];
  return {
    labelSelector: selection.labelSelector,
    fieldSelector: fields.length === 0 ? undefined : fields.join(","),
  };
}

/** Of one GPU, as a person calls it. */
export function gpuPath(reference: string): string {
  return `${groupPath}/gpus/${encodeURIComponent(reference)}`;
}
