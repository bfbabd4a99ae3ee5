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

/** Path of a list of what is selected. */
export function listPath(kind: KindName, selection: Selection): string {
  return collectionPath(kind, selection.namespace) + queryText(selectionQuery(selection));
}

/** Path of what a table shows: a list, or the one object that is named. */
export function tablePath(kind: KindName, selection: Selection): string {
  return selection.name === undefined
    ? listPath(kind, selection)
    : objectPath(kind, selection.namespace, selection.name);
}

/** Of one source, what is done with it. */
export function sourcePath(name: string, subresource: "sync" | "suspension"): string {
  return `${groupPath}/sources/${encodeURIComponent(name)}/${subresource}`;
}

/** Of the pod that stands for a container. */
export function podPath(
  target: { readonly namespace?: string; readonly name: string },
  subresource: "log" | "exec" | "attach" | "portforward",
): string {
  const namespace = encodeURIComponent(target.namespace ?? "");
  return `/api/v1/namespaces/${namespace}/pods/${encodeURIComponent(target.name)}/${subresource}`;
}

/** Of one object that is written, with how. */
export function writePath(
  kind: KindName,
  target: { readonly namespace?: string; readonly name: string },
  options: { readonly dryRun?: boolean; readonly branch?: string } | undefined,
): string {
  const dryRun = options?.dryRun === true ? "All" : undefined;
  const query = queryText({ dryRun, branch: options?.branch });
  return objectPath(kind, target.namespace, target.name) + query;
}
