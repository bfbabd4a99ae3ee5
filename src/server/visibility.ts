import type { ApiObject } from "../api/meta.ts";
import { may } from "./access.ts";
import type { Caller } from "./access.ts";

/** An object as this caller may see it; undefined when they may not know of it. */
export function seenBy(caller: Caller, object: ApiObject): ApiObject | undefined {
  const { namespace } = object.metadata;
  if (object.kind === "Event") return may(caller, "get", "events", namespace ?? "") ? object : undefined;
  if (object.kind !== "ContainerSpec" || may(caller, "update", "containers", namespace)) return object;
  return withoutEnvironmentValues(object);
}

/** kubectl keeps the whole applied object here, env included. */
const appliedConfiguration = "kubectl.kubernetes.io/last-applied-configuration";

/** People put tokens into env: who holds a GPU is everybody's business, that is not. */
function withoutEnvironmentValues(object: ApiObject): ApiObject {
  const { [appliedConfiguration]: _, ...annotations } = object.metadata.annotations ?? {};
  const metadata =
    object.metadata.annotations === undefined ? object.metadata : { ...object.metadata, annotations };
  const { spec } = object;
  if (typeof spec !== "object" || spec === null || !("env" in spec) || !Array.isArray(spec.env)) {
    return { ...object, metadata };
  }
  const variables: readonly unknown[] = spec.env;
  const env = variables.map((variable) => ({
    ...(typeof variable === "object" && variable !== null && "name" in variable
      ? { name: variable.name }
      : {}),
    value: "(hidden)",
  }));
  return { ...object, metadata, spec: { ...spec, env } };
}
