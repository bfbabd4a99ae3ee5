import type { z } from "zod";
import { parseBytes } from "../util/quantity.ts";
import { jobConflicts } from "./job-rules.ts";
import { usualSecretPath } from "./secret.ts";

/** What a spec looks like before its single fields are known to be right. */
interface LooseSpec {
  readonly image?: unknown;
  readonly build?: unknown;
  readonly imageAliases?: unknown;
  readonly ipc?: unknown;
  readonly network?: unknown;
  readonly hostname?: unknown;
  readonly resources?: unknown;
  readonly volumes?: unknown;
  readonly secrets?: unknown;
  readonly gpus?: unknown;
  readonly accelerators?: unknown;
  readonly restartPolicy?: unknown;
  readonly backoffLimit?: unknown;
  readonly replicas?: unknown;
  readonly parallelism?: unknown;
  readonly ports?: unknown;
}

/** Rules over several fields of a spec; they run also when single fields are wrong, so that all problems show at once. */
export function checkFieldsTogether(spec: LooseSpec, context: z.RefinementCtx): void {
  checkImageOrBuild(spec, context);
  if (spec.ipc === "host" && fieldOf(spec.resources, "shmSize") !== undefined) {
    context.addIssue({
      code: "custom",
      path: ["resources", "shmSize"],
      message: "cannot be set together with ipc: host (the host's /dev/shm is used); remove one of the two",
    });
  }
  if (isLess(fieldOf(spec.resources, "memorySwap"), fieldOf(spec.resources, "memory"))) {
    context.addIssue({
      code: "custom",
      path: ["resources", "memorySwap"],
      message: "is less than memory, and is memory and swap together; write at least as much, or none",
    });
  }
  if (spec.network === "host" && spec.hostname !== undefined) {
    context.addIssue({
      code: "custom",
      path: ["hostname"],
      message: "cannot be set together with network: host (the host's name is used); remove one of the two",
    });
  }
  for (const { path, message } of jobConflicts(spec)) {
    context.addIssue({ code: "custom", path: [...path], message });
  }
  for (const { field, message } of gpuConflicts(spec.gpus)) {
    context.addIssue({ code: "custom", path: ["gpus", field], message });
  }
  if (spec.gpus !== undefined && spec.accelerators !== undefined) {
    context.addIssue({
      code: "custom",
      path: ["accelerators"],
      message:
        "cannot be set together with gpus: a container holds devices of one kind; remove one of the two",
    });
  }
  checkSecrets(spec, context);
  const volumes: readonly unknown[] = Array.isArray(spec.volumes) ? spec.volumes : [];
  for (const field of ["name", "mountPath"]) {
    for (const { index, value } of repeated(volumes, field)) {
      const message = `"${value}" stands in two volumes; each needs its own`;
      context.addIssue({ code: "custom", path: ["volumes", index, field], message });
    }
  }
}

/** Each secret has its own name, and a place that nothing else has. */
function checkSecrets({ secrets, volumes }: LooseSpec, context: z.RefinementCtx): void {
  const wanted: readonly unknown[] = Array.isArray(secrets) ? secrets : [];
  for (const { index, value } of repeated(wanted, "name")) {
    const message = `"${value}" stands in two secrets; each needs its own`;
    context.addIssue({ code: "custom", path: ["secrets", index, "name"], message });
  }
  const places = wanted.map((secret) => ({ mountPath: placeOfSecret(secret) }));
  const mounted: readonly unknown[] = Array.isArray(volumes) ? volumes : [];
  for (const { index, value } of repeated([...mounted, ...places], "mountPath")) {
    if (index < mounted.length) continue;
    const message = `"${value}" is the place of another secret or volume; each needs its own`;
    context.addIssue({ code: "custom", path: ["secrets", index - mounted.length, "mountPath"], message });
  }
}

function placeOfSecret(secret: unknown): unknown {
  const name = fieldOf(secret, "name");
  return fieldOf(secret, "mountPath") ?? (typeof name === "string" ? usualSecretPath(name) : undefined);
}

function checkImageOrBuild({ image, build, imageAliases }: LooseSpec, context: z.RefinementCtx): void {
  if (image === undefined && build === undefined) {
    context.addIssue({ code: "custom", path: ["image"], message: "is missing" });
  }
  if (build === undefined) return;
  for (const [field, value] of Object.entries({ image, imageAliases })) {
    if (value === undefined) continue;
    const message = `cannot be set together with build, which names its image itself; remove one of the two`;
    context.addIssue({ code: "custom", path: [field], message });
  }
}

/** Sizes that cannot be read are told of elsewhere. */
function isLess(left: unknown, right: unknown): boolean {
  const [a, b] = [left, right].map((size) => (typeof size === "string" ? parseBytes(size) : undefined));
  return a !== undefined && b !== undefined && a < b;
}

/** A request is for whole GPUs, slices of a profile, either of the two, or time slices. */
function gpuConflicts(gpus: unknown): readonly { readonly field: string; readonly message: string }[] {
  const has = (field: string): boolean => fieldOf(gpus, field) !== undefined;
  const found: { field: string; message: string }[] = [];
  const allowsMig = fieldOf(gpus, "allowMig") === true;
  if (allowsMig && has("profile")) {
    found.push({
      field: "allowMig",
      message: "means any slice or GPU, and profile names one kind; remove one of the two",
    });
  }
  for (const field of ["profile", "allowMig", "nvlink", "sameBoard"]) {
    if (!has("shared") || !has(field) || fieldOf(gpus, field) === false) continue;
    found.push({
      field: "shared",
      message: `cannot be set together with ${field}: time slices are of whole GPUs, each of another; remove one of the two`,
    });
  }
  return found;
}

/** No variable stands twice in `spec.env`. */
export function checkVariableNames(variables: readonly unknown[], context: z.RefinementCtx): void {
  for (const { index, value } of repeated(variables, "name")) {
    context.addIssue({
      code: "custom",
      path: [index, "name"],
      message: `"${value}" is set twice; remove one`,
    });
  }
}

function repeated(items: readonly unknown[], field: string): { index: number; value: string }[] {
  const seen = new Set<string>();
  const found: { index: number; value: string }[] = [];
  items.forEach((item, index) => {
    const value = fieldOf(item, field);
    if (typeof value !== "string") return;
    if (seen.has(value)) found.push({ index, value });
    seen.add(value);
  });
  return found;
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, field) : undefined;
}
