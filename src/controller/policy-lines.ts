import type { LimitLine } from "../api/limits-answer.ts";
import type { ResolvedQuota, Sourced } from "../core/quota/limits.ts";
import { line, type Title } from "./limit-line.ts";

/** What the policy grants of the host, each with the place that says it. */
export function policyLines(quota: ResolvedQuota): readonly LimitLine[] {
  const { grants } = quota;
  const paths = mapped(quota.hostPaths, ({ path, readOnly }) => {
    return `${path.replaceAll("{user}", quota.user)}${readOnly ? " (read-only)" : ""}`;
  });
  return [
    list(["hostPaths", "Host Paths"], paths),
    list(["users", "Users Inside"], quota.users),
    yesOrNo(["privileged", "Privileged"], grants.privileged),
    yesOrNo(["hostNetwork", "Host Network"], quota.hostNetwork),
    yesOrNo(["hostIPC", "Host IPC"], quota.hostIpc),
    yesOrNo(["hostPID", "Host PID"], grants.hostPid),
    list(["capabilities", "Capabilities"], grants.capabilities),
    list(["securityOptions", "Security Options"], grants.securityOptions),
    list(
      ["devices", "Devices"],
      mapped(grants.devices, ({ path, permissions }) => `${path} (${permissions})`),
    ),
    line(["imagesAllowed", "Images Allowed"], grants.imagesAllowed, joined, "all"),
    list(["imagesDenied", "Images Denied"], grants.imagesDenied),
    line(
      ["build", "Builds"],
      grants.build,
      (value) => (value ? "allowed" : "not allowed"),
      "allowed without a list of images",
    ),
    list(["hostPorts", "Host Ports"], grants.hostPortRanges),
    list(["hostAddresses", "Host Addresses"], grants.hostPortAddresses),
  ];
}

function list(title: Title, granted: Sourced<readonly string[]>): LimitLine {
  return line(title, granted, joined);
}

function yesOrNo(title: Title, granted: Sourced<boolean>): LimitLine {
  return line(title, granted, (value) => (value ? "allowed" : "not allowed"));
}

function joined(words: readonly string[]): string {
  return words.join(", ") || "none";
}

function mapped<T>(
  { value, origin }: Sourced<readonly T[]>,
  show: (one: T) => string,
): Sourced<readonly string[]> {
  return { value: value.map(show), origin };
}
