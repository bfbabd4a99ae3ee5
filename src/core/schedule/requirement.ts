import { parseBytes } from "../../util/quantity.ts";
import type { SetRequirement } from "./choose-devices.ts";
import type { DeviceDemand, MigGrant } from "./lease.ts";
import type { WantedDevices } from "./wanted-devices.ts";

/** The parts of a demand that say which devices fit, each by itself. */
export type DeviceRequirement = Pick<
  DeviceDemand,
  "kind" | "profile" | "minMemoryBytes" | "models" | "minComputeCapability" | "migAllowed" | "sharers"
>;

const anyOfThem: MigGrant = { full: true, profiles: null };

/** What a spec asks of its devices, with absent fields as null; `grant`: what of cards the owner may have. */
export function requirementOf(
  request: WantedDevices,
  grant: MigGrant = anyOfThem,
): DeviceRequirement & SetRequirement {
  const { minMemory, minComputeCapability } = request;
  return {
    count: request.count,
    ...(request.kind === undefined ? {} : { kind: request.kind }),
    profile: request.profile ?? null,
    minMemoryBytes: minMemory === undefined ? null : (parseBytes(minMemory) ?? null),
    models: request.models ?? null,
    ...(request.allowMig === true ? { migAllowed: grant } : {}),
    ...(request.shared === undefined ? {} : { sharers: request.shared.replicas }),
    minComputeCapability: minComputeCapability === undefined ? null : withMinor(minComputeCapability),
    nvlink: request.nvlink ?? null,
    sameBoard: request.sameBoard ?? null,
  };
}

/** `8` is written `8.0`, which YAML reads as the number 8. */
function withMinor(capability: number | string): string {
  return /^\d+$/.test(String(capability)) ? `${capability}.0` : String(capability);
}
