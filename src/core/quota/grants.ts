import type { QuotaSpecSpec } from "../../api/quota.ts";
import type { Sourced } from "./limits.ts";

/** Device nodes that may be passed, and what may be done with them. */
export interface DeviceGrant {
  readonly path: string;
  readonly permissions: string;
}

/** What of the host one user's containers may have beside paths, network and IPC. */
export interface ResolvedGrants {
  readonly privileged: Sourced<boolean>;
  readonly hostPid: Sourced<boolean>;
  readonly devices: Sourced<readonly DeviceGrant[]>;
  readonly capabilities: Sourced<readonly string[]>;
  readonly securityOptions: Sourced<readonly string[]>;
  /** null: all. */
  readonly imagesAllowed: Sourced<readonly string[] | null>;
  readonly imagesDenied: Sourced<readonly string[]>;
  /** null: as long as no images are allowed or denied by name, which a build could use all the same. */
  readonly build: Sourced<boolean | null>;
  readonly hostPortRanges: Sourced<readonly string[]>;
  readonly hostPortAddresses: Sourced<readonly string[]>;
}

/** Looks one field up in the quotas that apply, the closest first. */
export type FieldOf = <T>(
  path: string,
  read: (spec: QuotaSpecSpec) => T | undefined,
  otherwise: T,
) => Sourced<T>;

type Policy = NonNullable<QuotaSpecSpec["policy"]>;

/** Ports that programs of users may take on any Unix. */
const unprivilegedPorts = "1024-65535";

/** Stands for 127.0.0.0/8 and ::1. */
export const loopbackAddresses = "127.0.0.1";

/** Resolves the grants of `spec.policy`; what nobody says is denied, but for ports that harm nobody. */
export function resolveGrants(field: FieldOf): ResolvedGrants {
  const policy = <T>(path: string, read: (policy: Policy) => T | undefined, otherwise: T): Sourced<T> =>
    field(
      `spec.policy.${path}`,
      (spec) => (spec.policy === undefined ? undefined : read(spec.policy)),
      otherwise,
    );
  const none: readonly string[] = [];
  return {
    privileged: policy("privileged", (said) => said.privileged, false),
    hostPid: policy("hostPID", (said) => said.hostPID, false),
    devices: policy<readonly DeviceGrant[]>("devices", (said) => said.devices, []),
    capabilities: policy("capabilities", (said) => said.capabilities, none),
    securityOptions: policy<readonly string[]>("securityOptions", (said) => said.securityOptions, []),
    imagesAllowed: policy<readonly string[] | null>("images.allow", (said) => said.images?.allow, null),
    imagesDenied: policy("images.deny", (said) => said.images?.deny, none),
    build: policy<boolean | null>("build", (said) => said.build, null),
    hostPortRanges: policy("hostPorts.ranges", (said) => said.hostPorts?.ranges, [unprivilegedPorts]),
    hostPortAddresses: policy("hostPorts.addresses", (said) => said.hostPorts?.addresses, [
      loopbackAddresses,
    ]),
  };
}
