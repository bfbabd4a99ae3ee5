import type { ImageSpec, ImageStatus } from "../api/image.ts";
import type { ApiObject } from "../api/meta.ts";
import { buildRepository } from "../core/build.ts";
import type { KeptImage } from "../ports/control-plane.ts";
import { useText } from "../core/images/image-use.ts";
import type { Caller } from "./access.ts";

/**
 * An image as this caller may see it: for whom it was built, what uses it and what it is called, as far as that is their
 * own. Undefined where nothing of it is: what others have built is nobody else's business.
 */
export function seenImage(caller: Caller, object: ApiObject): ApiObject | undefined {
  if (caller.admin) return object;
  const status = object.status as ImageStatus;
  const own = ownPart(caller.user, status);
  const isConcerned = own.builtFor !== undefined || own.usedBy.length > 0 || own.aliases !== undefined;
  if (!isConcerned) return undefined;
  if (caller.seesAll) return object;
  return { ...object, spec: withoutNamesOfOthers(object.spec as ImageSpec, status, own), status: own };
}

/** Why an image that was to go stays, as far as it is this caller's business. */
export function seenKeptReason(caller: Caller, { why, status }: Omit<KeptImage, "name">): string {
  if (caller.seesAll) return why;
  // What the engine says may name a container of others.
  return status === null ? "Docker keeps it: something uses it" : seenReason(caller.user, status, why);
}

function ownPart(user: string, status: ImageStatus): ImageStatus {
  const { builtFor, aliases, usedBy, keptBecause, ...plain } = status;
  const aliasesOfOwn = aliases
    ?.filter(({ users }) => users.includes(user))
    .map((alias) => ({ ...alias, users: [user] }));
  const why = keptBecause === undefined ? undefined : seenReason(user, status, keptBecause);
  return {
    ...plain,
    ...(builtFor?.namespace === user ? { builtFor } : {}),
    ...(aliasesOfOwn === undefined || aliasesOfOwn.length === 0 ? {} : { aliases: aliasesOfOwn }),
    usedBy: usedBy.filter(({ namespace }) => namespace === user),
    ...(why === undefined ? {} : { keptBecause: why }),
  };
}

/** Why it is kept, without the name of anything that is not theirs. */
function seenReason(user: string, { builtFor, aliases = [], usedBy }: ImageStatus, why: string): string {
  // What ds01 has not built says nothing of anybody.
  if (builtFor === undefined) return why;
  const own = usedBy.filter(({ namespace }) => namespace === user);
  if (usedBy.length > 0 && why === useText(usedBy)) {
    if (own.length === usedBy.length) return why;
    return own.length === 0 ? "others use it" : `${useText(own)}, and so do others`;
  }
  const isOfOthers =
    builtFor.namespace !== user ||
    aliases.some(({ name, users }) => !users.includes(user) && why.includes(name));
  return isOfOthers ? "others keep it" : why;
}

/** A name that others gave it tells of them as well. */
function withoutNamesOfOthers(spec: ImageSpec, status: ImageStatus, own: ImageStatus): ImageSpec {
  const { builtFor, aliases = [] } = status;
  const shown = own.aliases?.map(({ name }) => name) ?? [];
  const hidden = new Set(aliases.map(({ name }) => name).filter((name) => !shown.includes(name)));
  const repository =
    builtFor === undefined || own.builtFor !== undefined
      ? undefined
      : buildRepository(builtFor.namespace, builtFor.name);
  const isOfBuilder = (name: string): boolean =>
    repository !== undefined && (name.startsWith(`${repository}:`) || name.startsWith(`${repository}@`));
  return { ...spec, names: spec.names.filter((name) => !hidden.has(name) && !isOfBuilder(name)) };
}
