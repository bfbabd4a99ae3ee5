import { plainPath } from "../plan/plain-path.ts";
import type { DeviceGrant } from "./grants.ts";
import type { Violation } from "./limits.ts";
import { pathPattern } from "./path-pattern.ts";
import { protectedBy } from "./protected-path.ts";
import { grantedOnly, type Subject } from "./violation-words.ts";

/** Nodes of devices that ds01 hands out one by one, and directories in which such nodes stand. */
const scheduled = /^\/(?:dev(?:\/(?:nvidia.*|accel.*|vfio(?:\/.*)?))?)?$/;

/** Device nodes that are not granted, and those that only ds01 hands out. */
export function deviceViolations({ spec, quota, facts }: Subject): readonly Violation[] {
  const { value: grants, origin } = quota.grants.devices;
  return (spec.devices ?? []).flatMap(({ hostPath, permissions = "rwm" }, index) => {
    const real = facts.realPaths.get(hostPath) ?? hostPath;
    const field = `spec.devices[${index}].hostPath`;
    const shown = real === hostPath ? hostPath : `${hostPath}, which leads to ${real}`;
    const asks = `${facts.object} asks for device ${shown} (${permissions})`;
    const paths = [hostPath, real].map(plainPath);
    if (paths.some((path) => scheduled.test(path))) {
      const message = `${asks}; GPUs and accelerators are never passed by path, whatever a quota grants: ask for them with spec.gpus or spec.accelerators`;
      return [{ reason: "DeviceProtected", field, message }];
    }
    const kept = paths.flatMap((path) => protectedBy(path, facts.protectedPaths ?? []) ?? [])[0];
    const isGranted = paths.every((path) => mayHave(path, permissions, grants));
    if (kept === undefined && isGranted) return [];
    const granted = grants.map((grant) => `${grant.path} (${grant.permissions})`);
    const message = `${asks}; ${grantedOnly(origin, granted, "devices")}: remove it or ask an admin for policy.devices`;
    return [{ reason: "DeviceDenied", field, message }];
  });
}

/** One grant must give all of it: parts of several are not added up. */
function mayHave(path: string, permissions: string, grants: readonly DeviceGrant[]): boolean {
  return grants.some(
    (grant) =>
      permissions.split("").every((one) => grant.permissions.includes(one)) &&
      pathPattern(grant.path).test(path),
  );
}
