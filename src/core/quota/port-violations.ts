import { canonicalAddress, isLoopback } from "../../util/ip-address.ts";
import { parsePortRange } from "../../util/port-range.ts";
import { loopbackAddresses } from "./grants.ts";
import type { Violation } from "./limits.ts";
import { allowing, at, type Subject } from "./violation-words.ts";

/** Ports of the host outside the granted ranges, and addresses that are not granted; Docker's own choice has no port. */
export function portViolations({ spec, quota, facts }: Subject): readonly Violation[] {
  const { hostPortRanges: ranges, hostPortAddresses: addresses } = quota.grants;
  return (spec.ports ?? []).flatMap(({ hostPort, hostIP }, index) => {
    const found: Violation[] = [];
    if (hostPort !== undefined && !ranges.value.some((range) => isIn(hostPort, range))) {
      found.push({
        reason: "HostPortDenied",
        field: `spec.ports[${index}].hostPort`,
        message: `${facts.object} publishes port ${hostPort} of the host; ${allowing(ranges.origin)} ${ranges.value.join(", ") || "none"}${at(ranges.origin)}: choose another hostPort, leave it out, or ask an admin for policy.hostPorts.ranges`,
      });
    }
    if (!isAllowedAddress(hostIP, addresses.value)) {
      found.push({
        reason: "HostAddressDenied",
        field: `spec.ports[${index}].hostIP`,
        message: `${facts.object} publishes a port at ${hostIP}; ${allowing(addresses.origin)} ${addresses.value.join(", ") || "none"}${at(addresses.origin)}: use hostIP: 127.0.0.1 or ask an admin for policy.hostPorts.addresses`,
      });
    }
    return found;
  });
}

function isIn(port: number, range: string): boolean {
  const { first, last } = parsePortRange(range) ?? { first: 1, last: 0 };
  return first <= port && port <= last;
}

/** A grant of 127.0.0.1 is one of the host itself, by whatever loopback address. */
function isAllowedAddress(written: string, granted: readonly string[]): boolean {
  if (granted.includes("*")) return true;
  const address = canonicalAddress(written);
  if (address === undefined) return false;
  return granted.some((one) => {
    const grant = canonicalAddress(one);
    return grant === address || (grant === loopbackAddresses && isLoopback(address));
  });
}
