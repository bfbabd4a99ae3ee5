import type { Port } from "../../api/container.ts";
import { labels } from "../../api/names.ts";
import type { ObservedContainer } from "../observed.ts";
import { isLive } from "../plan/roles.ts";

/** A port of the host that a running container listens at. */
export interface PortUse {
  readonly containerId: string;
  /** For people: `bob/web`, or the name of a container that is not ours. */
  readonly holder: string;
  readonly hostIp: string;
  readonly hostPort: number;
  readonly protocol: "tcp" | "udp";
}

/** Ports of the host that containers hold now; what Docker chose itself is not in it, for nobody can ask for that. */
export function portUses(containers: readonly ObservedContainer[]): readonly PortUse[] {
  return containers.filter(isLive).flatMap(({ id, name, labels: own, config }) =>
    config.ports.flatMap(({ hostIp, hostPort, protocol }) => {
      const [namespace, object] = [own[labels.user], own[labels.name]];
      const holder = namespace === undefined || object === undefined ? name : `${namespace}/${object}`;
      return hostPort === null ? [] : [{ containerId: id, holder, hostIp, hostPort, protocol }];
    }),
  );
}

/** The first port that somebody else's container holds already; null where all are free. */
export function portConflict(
  ports: readonly Port[],
  uses: readonly PortUse[],
  ownContainers: ReadonlySet<string>,
): { readonly port: Port; readonly use: PortUse } | null {
  for (const port of ports) {
    const use = uses.find(
      ({ containerId, hostPort, hostIp, protocol }) =>
        hostPort === port.hostPort &&
        protocol === port.protocol.toLowerCase() &&
        overlaps(hostIp, port.hostIP) &&
        !ownContainers.has(containerId),
    );
    if (use !== undefined) return { port, use };
  }
  return null;
}

/** Docker's empty address is all of them; `::` is all of IPv6, as Docker binds each family for itself. */
function overlaps(one: string, other: string): boolean {
  if (one === other || one === "" || other === "") return true;
  const isV6 = (address: string): boolean => address.includes(":");
  return (
    isV6(one) === isV6(other) && [one, other].some((address) => address === "0.0.0.0" || address === "::")
  );
}
