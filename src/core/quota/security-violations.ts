import { wantedSecurity } from "../plan/container-security.ts";
import type { Violation } from "./limits.ts";
import { at, grantedOnly, notGranted, type Subject } from "./violation-words.ts";

/** Docker gives these to every container: to name them, after dropping ALL, takes no grant. */
const dockersOwn: readonly string[] = [
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "NET_RAW",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
];

const optOuts = [
  { option: "seccomp=unconfined", field: "spec.securityContext.seccompProfile.type" },
  { option: "apparmor=unconfined", field: "spec.securityContext.appArmorProfile.type" },
] as const;

/** Rights beyond those of any container: privileged, capabilities, protections switched off. */
export function securityViolations(subject: Subject): readonly Violation[] {
  const { spec, quota, facts } = subject;
  const { privileged } = quota.grants;
  const wanted = wantedSecurity(spec);
  const found: Violation[] = [];
  if (wanted.privileged && !privileged.value) {
    found.push({
      reason: "PrivilegedDenied",
      field: "spec.securityContext.privileged",
      message: `${facts.object} asks to be privileged; ${notGranted(privileged.origin)}${at(privileged.origin)}: remove securityContext.privileged or ask an admin for policy.privileged`,
    });
  }
  return [...found, ...capabilityViolations(subject), ...optOutViolations(wanted.securityOptions, subject)];
}

function capabilityViolations({ spec, quota, facts }: Subject): readonly Violation[] {
  const { value: granted, origin } = quota.grants.capabilities;
  if (granted.includes("*") || granted.includes("ALL")) return [];
  const asked = spec.securityContext?.capabilities?.add ?? [];
  return asked.flatMap((capability, index) => {
    if (dockersOwn.includes(capability) || granted.includes(capability)) return [];
    const message = `${facts.object} asks for capability ${capability}; ${grantedOnly(origin, granted, "capabilities")}: remove it or ask an admin for policy.capabilities`;
    return [
      { reason: "CapabilityDenied", field: `spec.securityContext.capabilities.add[${index}]`, message },
    ];
  });
}

function optOutViolations(asked: readonly string[], { quota, facts }: Subject): readonly Violation[] {
  const { value: granted, origin } = quota.grants.securityOptions;
  return optOuts.flatMap(({ option, field }) => {
    if (!asked.includes(option) || granted.includes(option)) return [];
    const message = `${facts.object} asks for ${option}; ${grantedOnly(origin, granted, "security options")}: use RuntimeDefault or ask an admin for policy.securityOptions`;
    return [{ reason: "SecurityOptionDenied", field, message }];
  });
}
