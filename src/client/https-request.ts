import type { ClientRequest, OutgoingHttpHeaders, RequestOptions } from "node:http";
import { request } from "node:https";
import type { HttpsDoor } from "./https-door.ts";

/** A request that is ready to be sent there, as the user of the token. */
export function httpsRequest(
  door: HttpsDoor,
  options: Omit<RequestOptions, "headers"> & { readonly headers: OutgoingHttpHeaders },
): ClientRequest {
  const { host, port, token, certificateAuthority: ca } = door;
  const headers = { ...options.headers, host: `${host}:${port}`, authorization: `Bearer ${token}` };
  return request({ ...options, host, port, headers, agent: false, ...(ca === undefined ? {} : { ca }) });
}
