import { apiVersion } from "../../api/names.ts";
import type { IssuedCredential, NetworkAddress } from "../../api/network-access.ts";
import { formatTime } from "../../core/format-time.ts";
import type { AccessTokens } from "../access-token.ts";
import { sendJson } from "../exchange.ts";
import { StatusError } from "../failure.ts";
import type { Route } from "../router.ts";

/** The door on the network, for those who ask at the unix socket. */
export interface NetworkDoor {
  readonly address: NetworkAddress;
  readonly tokens: AccessTokens;
}

/**
 * Where the door on the network is, and a token for it. Only for the unix socket: a token that could be renewed by
 * itself would never end. `door` is undefined while it is closed.
 */
export function credentialRoutes(door: () => NetworkDoor | undefined): readonly Route[] {
  const opened = (): NetworkDoor => {
    const found = door();
    if (found !== undefined) return found;
    throw new StatusError(
      "NotFound",
      "this controller is reached at its unix socket only; to use kubectl, have an admin set api.https in its configuration (docs/kubectl.md)",
    );
  };
  return [
    {
      method: "GET",
      pattern: `/apis/${apiVersion}/network-address`,
      handle: ({ response }) => sendJson(response, 200, opened().address),
    },
    {
      method: "POST",
      pattern: `/apis/${apiVersion}/tokens`,
      handle: ({ response, caller }) => {
        const { token, expiresAt } = opened().tokens.issue(caller.uid);
        const answer: IssuedCredential = { token, expirationTimestamp: formatTime(expiresAt) };
        sendJson(response, 201, answer);
      },
    },
  ];
}
