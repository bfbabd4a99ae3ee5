import { Document, isCollection, isMap, isScalar } from "yaml";
import { apiVersion } from "../names.ts";
import type { ContainerDraft, WrittenSpec } from "./container-draft.ts";

/** Fields of a spec in the order in which people look for them. */
const order: readonly (keyof WrittenSpec)[] = [
  "desiredState",
  "image",
  "build",
  "imagePullPolicy",
  "command",
  "args",
  "workingDir",
  "tty",
  "stdin",
  "init",
  "stopSignal",
  "healthCheck",
  "hostname",
  "hostAliases",
  "user",
  "env",
  "envFrom",
  "gpus",
  "accelerators",
  "resources",
  "secrets",
  "volumes",
  "ports",
  "network",
  "ipc",
  "pid",
  "securityContext",
  "devices",
  "restartPolicy",
  "backoffLimit",
  "after",
  "replicas",
  "stopGracePeriod",
];

/** What of a draft is written down. */
export interface RenderedDraft extends Pick<ContainerDraft, "spec" | "labels" | "comments"> {
  readonly annotations?: Readonly<Record<string, string>>;
  /** Lines above the document. */
  readonly heading?: readonly string[];
}

/** The document of a draft, each comment beside its field. */
export function renderDraft(name: string, draft: RenderedDraft): string {
  const labels = draft.labels.size === 0 ? {} : { labels: Object.fromEntries(draft.labels) };
  const annotations = draft.annotations === undefined ? {} : { annotations: draft.annotations };
  const known = order.filter((field) => draft.spec[field] !== undefined);
  const document = new Document({
    apiVersion,
    kind: "ContainerSpec",
    metadata: { name, ...labels, ...annotations },
    spec: Object.fromEntries(known.map((field) => [field, draft.spec[field]])),
  });
  for (const list of [
    "command",
    "args",
    "securityContext.capabilities.add",
    "securityContext.capabilities.drop",
  ]) {
    const node = document.getIn(["spec", ...list.split(".")], true);
    if (isCollection(node)) node.flow = true;
  }
  if (draft.heading !== undefined)
    document.commentBefore = draft.heading.map((line) => ` ${line}`).join("\n");
  for (const [field, comment] of draft.comments) commentAt(document, field, ` ${comment}`);
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** Beside a single value, above the name of a map. */
function commentAt(document: Document, field: string, comment: string): void {
  const path = field.split(/[.[\]]+/).filter((step) => step !== "");
  const node = document.getIn(path, true);
  if (isScalar(node)) node.comment = comment;
  const parent = document.getIn(path.slice(0, -1), true);
  if (!isCollection(node) || !isMap(parent)) return;
  const pair = parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1));
  if (isScalar(pair?.key)) pair.key.commentBefore = comment;
}
