import type { IncomingHttpHeaders } from "node:http";

const tokenProtocol = /^base64url\.bearer\.authorization\.k8s\.io\.(.*)$/;

/**
 * What a request shows of who sent it. A browser cannot send a header with a WebSocket: as in Kubernetes, the token may
 * stand among the protocols, beside one that is meant. It is always taken out, so that it is never chosen and said back.
 */
export function takeAuthorization(headers: IncomingHttpHeaders): string | undefined {
  const ofWebSocket = takeTokenOfWebSocket(headers);
  return headers.authorization ?? ofWebSocket;
}

function takeTokenOfWebSocket(headers: IncomingHttpHeaders): string | undefined {
  const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  const [token] = offered.flatMap((name) => tokenProtocol.exec(name)?.[1] ?? []);
  const others = offered.filter((name) => !tokenProtocol.test(name));
  if (token === undefined) return undefined;
  if (others.length === 0) {
    delete headers["sec-websocket-protocol"];
    return undefined;
  }
  headers["sec-websocket-protocol"] = others.join(", ");
  return `Bearer ${Buffer.from(token, "base64url").toString("latin1")}`;
}
