import { appliedConfiguration } from "../api/applied-configuration.ts";
import type { ApiObject } from "../api/meta.ts";
import type { ContainerSpecSpec, ContainerStatus } from "../api/container.ts";
import { may } from "./access.ts";
import type { AccessResource, Caller } from "./access.ts";
import { seenImage } from "./seen-image.ts";

/** What objects that belong to somebody are called in the rule. */
const ownedKinds: Readonly<Record<string, AccessResource>> = {
  ContainerSpec: "containers",
  Pod: "pods",
  Event: "events",
};

/** An object as this caller may see it; undefined when they may not know of it. */
export function seenBy(caller: Caller, object: ApiObject): ApiObject | undefined {
  const { kind, metadata } = object;
  if (kind === "Namespace") return may(caller, "get", "namespaces", metadata.name) ? object : undefined;
  if (kind === "Image") return seenImage(caller, object);
  const resource = ownedKinds[kind];
  if (resource === undefined) return object;
  const namespace = metadata.namespace ?? "";
  if (!may(caller, "get", resource, namespace)) return undefined;
  if (kind !== "ContainerSpec" || may(caller, "update", "containers", namespace)) return object;
  return withoutValues(object);
}

/** Of callers with the same viewpoint each sees the same of everything. */
export function viewpointOf({ admin, seesAll, user }: Caller): string {
  return admin ? "admin" : `${seesAll ? "all" : "own"} ${user}`;
}

/** Of an object that waits, what everybody is told who waits as well: whose it is, what it needs and its place. */
export function seenWaiting(caller: Caller, object: ApiObject): ApiObject {
  const seen = seenBy(caller, object);
  if (seen !== undefined) return seen;
  const { apiVersion, kind, metadata, spec, status } = object as ApiObject<
    ContainerSpecSpec,
    ContainerStatus
  >;
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  const { phase, reason, queue } = status ?? {};
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      uid,
      resourceVersion,
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    },
    spec: spec?.gpus === undefined ? {} : { gpus: spec.gpus },
    status: { phase, reason, queue },
  };
}

type Values = Readonly<Record<string, unknown>>;

/** What is shown never changes, only what takes its place does; so all others are shown one and the same object. */
const shownToOthers = new WeakMap<ApiObject, ApiObject>();

function withoutValues(object: ApiObject): ApiObject {
  const known = shownToOthers.get(object);
  if (known !== undefined) return known;
  const shown = withoutEnvironmentValues(object);
  shownToOthers.set(object, shown);
  return shown;
}

/**
 * People put tokens into env: who holds a GPU is everybody's business, that is not. kubectl keeps the whole applied object
 * in an annotation, env included.
 */
function withoutEnvironmentValues(object: ApiObject): ApiObject {
  const { [appliedConfiguration]: _, ...annotations } = object.metadata.annotations ?? {};
  const metadata =
    object.metadata.annotations === undefined ? object.metadata : { ...object.metadata, annotations };
  const { spec } = object;
  if (!isMap(spec)) return { ...object, metadata };
  const { env, build } = spec as Values;
  const shown = {
    ...spec,
    ...(Array.isArray(env) ? { env: env.map(withoutValue) } : {}),
    ...(isMap(build) && isMap(build["args"]) ? { build: withoutArguments(build, build["args"]) } : {}),
  };
  return { ...object, metadata, spec: shown };
}

function withoutValue(variable: unknown): object {
  return { ...(isMap(variable) && "name" in variable ? { name: variable["name"] } : {}), value: "(hidden)" };
}

function withoutArguments(build: Values, args: Values): Values {
  return { ...build, args: Object.fromEntries(Object.keys(args).map((name) => [name, "(hidden)"])) };
}

function isMap(value: unknown): value is Values {
  return typeof value === "object" && value !== null;
}
