import type { Volume } from "../../api/volume.ts";
import { isWithin } from "../plan/copies.ts";
import { plainPath } from "../plan/plain-path.ts";
import type { Violation } from "./limits.ts";
import { mountViolation } from "./mount-violations.ts";
import type { Subject } from "./violation-words.ts";

/** Copies of what is not granted, or to where ds01 puts nothing. */
export function copyViolations({ spec, quota, facts }: Subject): readonly Violation[] {
  return (spec.copy ?? []).flatMap(({ from, to }, index): readonly Violation[] => {
    const source = { path: from, readOnly: true, field: `spec.copy[${index}].from`, asked: "copies" };
    const denied = from.startsWith("/") ? mountViolation(source, quota, facts) : null;
    const place = volumeAt(plainPath(to), spec.volumes ?? []);
    const why = place === undefined ? null : whyNotInto(place);
    return [
      ...(denied === null ? [] : [denied]),
      ...(why === null
        ? []
        : [
            {
              reason: "CopyTargetDenied",
              field: `spec.copy[${index}].to`,
              message: `${facts.object} copies to ${to}; ${why}`,
            },
          ]),
    ];
  });
}

/** The volume in which a path of the container lies. */
function volumeAt(path: string, volumes: readonly Volume[]): Volume | undefined {
  return volumes
    .filter(({ mountPath }) => isWithin(path, plainPath(mountPath)))
    .toSorted((a, b) => plainPath(b.mountPath).length - plainPath(a.mountPath).length)[0];
}

/** The engine writes as root, past the rights that the owner has on the host. */
function whyNotInto({ name, hostPath, tmpfs, readOnly }: Volume): string | null {
  if (hostPath !== undefined)
    return `${name} is a host path there: put the files into it on the host, or copy elsewhere`;
  if (tmpfs !== undefined) return `${name} is memory there, and empty at each start: copy elsewhere`;
  return readOnly ? `${name} is read-only there: copy elsewhere` : null;
}
