import { grantOf, type HostPathGrant } from "./host-path-grant.ts";
import type { ResolvedQuota, Violation } from "./limits.ts";
import { protectedBy } from "./protected-path.ts";
import { allowing, at, type QuotaFacts, type Subject } from "./violation-words.ts";

/** A path of the host that is to come into a container. */
export interface WantedMount {
  readonly path: string;
  readonly readOnly: boolean;
  readonly field: string;
  /** What is done with it; `mounts` unless told. */
  readonly asked?: string;
  /** What is granted beside the quota. */
  readonly granted?: readonly HostPathGrant[];
}

/** Volumes of paths that are not granted, or that nobody may have. */
export function mountViolations({ spec, quota, facts }: Subject): readonly Violation[] {
  return (spec.volumes ?? []).flatMap(({ hostPath, readOnly }, index) => {
    if (hostPath === undefined) return [];
    const { from = Number.POSITIVE_INFINITY, grants = [] } = facts.presets ?? {};
    const brought = index >= from;
    const field = brought ? "spec.presets" : `spec.volumes[${index}].hostPath.path`;
    const mount = { path: hostPath.path, readOnly, field, granted: brought ? grants : [] };
    return mountViolation(mount, quota, facts) ?? [];
  });
}

/** Why the path may not be mounted as it is now; null when it may. */
export function mountViolation(
  { path, readOnly, field, granted = [], asked = "mounts" }: WantedMount,
  quota: ResolvedQuota,
  facts: QuotaFacts,
): Violation | null {
  const real = facts.realPaths.get(path) ?? path;
  const shown = real === path ? path : `${path}, which leads to ${real}`;
  const denied = (reason: string, because: string, how = ""): Violation => {
    return { reason, field, message: `${facts.object} ${asked}${how} ${shown}; ${because}` };
  };
  const kept = [path, real].flatMap((one) => protectedBy(one, facts.protectedPaths ?? []) ?? [])[0];
  if (kept !== undefined) {
    const why = `${kept} is never mounted, whatever a quota grants: mount a directory that does not contain it`;
    return denied("HostPathProtected", why);
  }
  const grants = quota.hostPaths;
  const levels = [path, real].map((one) => grantOf(one, quota.user, [...grants.value, ...granted]));
  if (levels.includes("none")) {
    const remedy = "use a granted path or ask an admin to grant it in policy.hostPaths";
    return denied("HostPathDenied", `${grantsText(grants, quota.user)}: ${remedy}`);
  }
  if (!readOnly && levels.includes("read")) {
    const remedy = "set readOnly: true or ask an admin";
    return denied("HostPathReadOnly", `${grantsText(grants, quota.user)}: ${remedy}`, " for writing");
  }
  return null;
}

function grantsText(grants: ResolvedQuota["hostPaths"], user: string): string {
  if (grants.origin.from === "built-in") return "no quota grants host paths";
  const list = grants.value.map(
    ({ path, readOnly }) => `${path.replaceAll("{user}", user)}${readOnly ? " (read-only)" : ""}`,
  );
  return `${allowing(grants.origin)} ${list.join(", ") || "none"}${at(grants.origin)}`;
}
