import { secretPath, type Secret } from "../../api/secret.ts";
import type { Volume } from "../../api/volume.ts";
import { mountInTheWay, type CopyMount } from "../plan/copies.ts";
import { plainPath } from "../plan/plain-path.ts";
import type { Violation } from "./limits.ts";
import { mountViolation } from "./mount-violations.ts";
import type { Subject } from "./violation-words.ts";

/** Copies of what is not granted, or to where ds01 puts nothing. */
export function copyViolations({ spec, quota, facts }: Subject): readonly Violation[] {
  return (spec.copy ?? []).flatMap(({ from, to }, index): readonly Violation[] => {
    const source = {
      path: plainPath(from),
      readOnly: true,
      field: `spec.copy[${index}].from`,
      asked: "copies",
    };
    const denied = from.startsWith("/") ? mountViolation(source, quota, facts) : null;
    const mounts = [...(spec.volumes ?? []).map(mountOf), ...(spec.secrets ?? []).map(mountOfSecret)];
    const why = mountInTheWay(plainPath(to), mounts);
    return [
      ...(denied === null ? [] : [denied]),
      ...(why === null
        ? []
        : [
            {
              reason: "CopyTargetDenied",
              field: `spec.copy[${index}].to`,
              message: `${facts.object} copies to ${to}: ${why}`,
            },
          ]),
    ];
  });
}

function mountOfSecret(secret: Secret): CopyMount {
  return { type: "bind", target: plainPath(secretPath(secret)), readOnly: true };
}

function mountOf({ mountPath, hostPath, tmpfs, readOnly }: Volume): CopyMount {
  const type = hostPath === undefined ? (tmpfs === undefined ? "volume" : "tmpfs") : "bind";
  return { type, target: plainPath(mountPath), readOnly };
}
