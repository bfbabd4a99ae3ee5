import type { ImageStatus } from "../api/image.ts";
import type { ApiObject } from "../api/meta.ts";
import { may } from "./access.ts";
import type { Caller } from "./access.ts";

/** An object as this caller may see it; undefined when they may not know of it. */
export function seenBy(caller: Caller, object: ApiObject): ApiObject | undefined {
  const { namespace } = object.metadata;
  if (object.kind === "Event") return may(caller, "get", "events", namespace ?? "") ? object : undefined;
  if (object.kind === "Image") return concernsImage(caller, object) ? object : undefined;
  if (object.kind !== "ContainerSpec" || may(caller, "update", "containers", namespace)) return object;
  return withoutEnvironmentValues(object);
}

/** What others have built is nobody else's business, unless a container of one's own is made from it. */
function concernsImage(caller: Caller, { status }: ApiObject): boolean {
  if (caller.admin) return true;
  const { builtFor, aliases = [], usedBy } = status as ImageStatus;
  return (
    builtFor?.namespace === caller.user ||
    usedBy.some(({ namespace }) => namespace === caller.user) ||
    aliases.some(({ users }) => users.includes(caller.user))
  );
}

type Values = Readonly<Record<string, unknown>>;

/** kubectl keeps the whole applied object here, env included. */
const appliedConfiguration = "kubectl.kubernetes.io/last-applied-configuration";

/** People put tokens into env: who holds a GPU is everybody's business, that is not. */
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
