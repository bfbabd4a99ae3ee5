import type { FieldChange, Preview } from "../api/description.ts";
import type { ApiObject } from "../api/meta.ts";
import { DeniedError, NotFoundError } from "../util/errors.ts";
import { canonicalJson } from "../util/hash.ts";
import type { Context } from "./context.ts";
import type { Declared } from "./declared.ts";

/** What applying one declared object would do; nothing is changed. */
export async function previewOf(declared: Declared, context: Context): Promise<Preview> {
  if (declared.kind.kind === "ContainerSpec") return context.client.preview(declared.target, declared.yaml);
  return previewWithoutPlan(declared, context);
}

/** Kinds that run nothing have no plan; their preview is the difference of the fields. */
async function previewWithoutPlan(declared: Declared, context: Context): Promise<Preview> {
  const { kind, target, yaml, path } = declared;
  const before = await currentObject(declared, context);
  const preview = {
    namespace: target.namespace ?? "",
    name: target.name,
    path,
    exists: before !== undefined,
    problems: [],
    plan: [],
    notes: [],
  };
  try {
    const after = await context.client.apply(kind, target, yaml, { dryRun: true });
    return { ...preview, refusal: null, changes: fieldChanges(before, after) };
  } catch (error) {
    if (!(error instanceof DeniedError)) throw error;
    return { ...preview, refusal: { reason: error.reason, message: error.message }, changes: [] };
  }
}

/** The object as the controller has it now, or undefined. */
export async function currentObject(
  { kind, target }: Pick<Declared, "kind" | "target">,
  context: Context,
): Promise<ApiObject | undefined> {
  try {
    return await context.client.get(kind, target);
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

/** Differences of what a person declares: labels, annotations, spec. */
export function fieldChanges(before: ApiObject | undefined, after: ApiObject): readonly FieldChange[] {
  const old = flatten(declaredPart(before));
  const now = flatten(declaredPart(after));
  const fields = [...new Set([...old.keys(), ...now.keys()])];
  return fields
    .filter((field) => old.get(field) !== now.get(field))
    .map((field) => ({
      field,
      from: old.get(field) ?? null,
      to: now.get(field) ?? null,
      effect: "no restart",
    }));
}

function declaredPart(object: ApiObject | undefined): unknown {
  const { labels, annotations } = object?.metadata ?? {};
  return { metadata: { labels, annotations }, spec: object?.spec };
}

function flatten(value: unknown, path = "", into = new Map<string, string>()): Map<string, string> {
  if (value === undefined) return into;
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    return into.set(path, typeof value === "string" ? value : canonicalJson(value));
  }
  for (const [name, member] of Object.entries(value))
    flatten(member, path === "" ? name : `${path}.${name}`, into);
  return into;
}
