import type { Violation } from "./limits.ts";
import { allowing, at, notGranted, type Subject } from "./violation-words.ts";

/** Users that a container may not run as. */
export function userViolations({ spec, quota, facts }: Subject): readonly Violation[] {
  const { users } = quota;
  if (users.value.includes("*") || users.value.includes(spec.user)) return [];
  const source =
    users.origin.from === "quota" ? allowing(users.origin) : "without a grant a container may use";
  return [
    {
      reason: "UserDenied",
      field: "spec.user",
      message: `${facts.object} runs as "${spec.user}"; ${source} ${users.value.join(", ") || "none"}${at(users.origin)}: change spec.user or ask an admin`,
    },
  ];
}

/** Namespaces of the host that a container may not share. */
export function namespaceViolations({ spec, quota, facts }: Subject): readonly Violation[] {
  const rows = [
    {
      reason: "HostNetworkDenied",
      field: "spec.network",
      asks: spec.network === "host",
      grant: quota.hostNetwork,
      what: "network",
      remedy: "network: bridge",
    },
    {
      reason: "HostIPCDenied",
      field: "spec.ipc",
      asks: spec.ipc === "host",
      grant: quota.hostIpc,
      what: "IPC namespace",
      remedy: "ipc: private",
    },
    {
      reason: "HostPIDDenied",
      field: "spec.pid",
      asks: spec.pid === "host",
      grant: quota.grants.hostPid,
      what: "PID namespace",
      remedy: "pid: private",
    },
  ];
  return rows.flatMap(({ reason, field, asks, grant, what, remedy }) => {
    if (!asks || grant.value) return [];
    const { origin } = grant;
    const message = `${facts.object} asks for the host's ${what}; ${notGranted(origin)}${at(origin)}: use ${remedy} or ask an admin`;
    return [{ reason, field, message }];
  });
}
