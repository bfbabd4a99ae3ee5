import { nearest } from "../util/nearest.ts";
import { fieldPathText } from "./field-path.ts";
import type { FieldPath } from "./field-path.ts";
import { fieldsBelow, nodeAt } from "./schema-node.ts";
import type { SchemaNode } from "./schema-node.ts";

/** Words of Docker, Compose and Kubernetes for fields that ds01 names otherwise. */
const otherNames: Readonly<Record<string, string>> = {
  entrypoint: "spec.command",
  cmd: "spec.args",
  environment: "spec.env",
  restart: "spec.restartPolicy",
  mounts: "spec.volumes",
  mem: "spec.resources.memory",
  mem_limit: "spec.resources.memory",
  memoryLimit: "spec.resources.memory",
  ram: "spec.resources.memory",
  memory_swap: "spec.resources.memorySwap",
  memswap_limit: "spec.resources.memorySwap",
  blkio_config: "spec.resources.io",
  shm: "spec.resources.shmSize",
  shm_size: "spec.resources.shmSize",
  limits: "spec.resources",
  requests: "spec.resources",
  working_dir: "spec.workingDir",
  workdir: "spec.workingDir",
  network_mode: "spec.network",
  hostNetwork: "spec.network",
  stop_grace_period: "spec.stopGracePeriod",
  terminationGracePeriodSeconds: "spec.stopGracePeriod",
  runAsUser: "spec.user",
  timeout: "spec.lifecycle.maxRuntime",
  replicas: "spec.desiredState",
  migProfile: "spec.gpus.profile",
};

/** Fields that `ds01 get -o yaml` shows and nobody writes. */
const madeByDs01: readonly string[] = [
  "status",
  "metadata.uid",
  "metadata.generation",
  "metadata.resourceVersion",
  "metadata.creationTimestamp",
  "metadata.deletionTimestamp",
  "metadata.managedFields",
];

/** What to say about a field that the schema does not know, at the map where it stands. */
export function unknownFieldText(root: SchemaNode, parent: FieldPath, name: string): string {
  const path = fieldPathText([...parent, name]);
  if (madeByDs01.includes(path)) return "is written by ds01 itself; remove it";
  if (path === "metadata.namespace")
    return `a ${root.title ?? "QuotaSpec"} belongs to no namespace; remove it`;
  const siblings = Object.keys(nodeAt(root, parent)?.properties ?? {});
  const near = name.length > 64 ? undefined : nearest(name, siblings);
  if (near !== undefined) return `unknown field, did you mean "${near}"?`;
  const elsewhere = name.length > 64 ? [] : placesOf(root, name).filter((place) => place !== path);
  if (elsewhere.length > 0) return `unknown field here, did you mean ${elsewhere.join(" or ")}?`;
  return siblings.length === 0 ? "unknown field" : `unknown field; allowed here: ${siblings.join(", ")}`;
}

function placesOf(root: SchemaNode, name: string): readonly string[] {
  const fields = fieldsBelow(root).map(({ path }) => path);
  const known = otherNames[name];
  if (known !== undefined && fields.some((path) => path.join(".") === known)) return [known];
  const ends = [...new Set(fields.map((path) => path.at(-1) ?? ""))];
  const meant = ends.includes(name) ? name : nearest(name, ends);
  if (meant === undefined) return [];
  return fields
    .filter((path) => path.at(-1) === meant && path.length > 1)
    .map((path) => path.join("."))
    .slice(0, 2);
}
