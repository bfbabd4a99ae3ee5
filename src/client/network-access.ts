import type { IssuedCredential, NetworkAddress } from "../api/network-access.ts";
import { answerOf } from "./client.ts";
import type { Connection } from "./connection.ts";
import { groupPath } from "./paths.ts";

/** Where the controller at this socket is reached over TLS; NotFoundError where it is not. */
export async function networkAddressOf(socketPath: string): Promise<NetworkAddress> {
  return answerOf(connectionTo(socketPath), { path: `${groupPath}/network-address` });
}

/** A token for it that acts as the user of this process. */
export async function requestToken(socketPath: string): Promise<IssuedCredential> {
  return answerOf(connectionTo(socketPath), { method: "POST", path: `${groupPath}/tokens` });
}

function connectionTo(socketPath: string): Connection {
  return { socketPath, userAgent: "ds01" };
}
