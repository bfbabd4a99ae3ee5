import { ConflictError } from "../../util/errors.ts";

/** What inspect says of a container's networks. */
export interface NetworkJson {
  readonly State: { readonly Status: string };
  readonly HostConfig: { readonly NetworkMode?: string };
  readonly NetworkSettings: {
    readonly Networks?: Readonly<
      Record<string, { readonly IPAddress?: string; readonly GlobalIPv6Address?: string }>
    > | null;
  };
}

/**
 * Where a container's ports are reached from the host: its own address and no other, or for one in the host's
 * network the loopback, which it can reach itself. Throws ConflictError where it has none.
 */
export function addressOf({ State, HostConfig, NetworkSettings }: NetworkJson): string {
  if (State.Status !== "running") {
    throw new ConflictError({ reason: "ContainerNotRunning", message: `it is ${State.Status}` });
  }
  if (HostConfig.NetworkMode === "host") return "127.0.0.1";
  const networks = Object.values(NetworkSettings.Networks ?? {});
  for (const { IPAddress, GlobalIPv6Address } of networks) {
    const address = IPAddress || GlobalIPv6Address;
    if (address !== undefined && address !== "") return address;
  }
  throw new ConflictError({
    reason: "NoNetworkAddress",
    message: "it has no address in any network",
    remedy: "spec.network is none; with bridge its ports can be reached",
  });
}
