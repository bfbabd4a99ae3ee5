import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import type { SecureContext } from "node:tls";
import fc from "fast-check";
import { mutated } from "./fuzz.ts";

const objects = "/apis/ds01.io/v1alpha1/namespaces/alice/containers";
const beginning = (line: string, ...headers: readonly string[]): string =>
  [`${line} HTTP/1.1`, "host: localhost", ...headers, "", ""].join("\r\n");

/** What clients say when nothing is wrong, upgrades and both kinds of body among it. */
const texts = [
  beginning("GET /version"),
  beginning("GET /api/v1/pods?limit=1", "accept: application/json;as=Table;v=v1;g=meta.k8s.io"),
  `${beginning(`POST ${objects}`, "content-type: application/json", "content-length: 8")}{"a":[]}`,
  `${beginning(`PUT ${objects}/train`, "content-type: application/yaml", "transfer-encoding: chunked")}5\r\nkind:\r\n0\r\n\r\n`,
  beginning(
    `GET ${objects}?watch=true`,
    "connection: Upgrade",
    "upgrade: websocket",
    "sec-websocket-version: 13",
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
  ),
];

/** More than any server takes: a body, a chunk, a header and a path of two megabytes. */
const filler = "x".repeat(2 * 1024 * 1024);
const huge = [
  `${beginning(`POST ${objects}`, "content-type: application/json", `content-length: ${filler.length}`)}${filler}`,
  `${beginning(`POST ${objects}`, "transfer-encoding: chunked")}200000\r\n${filler}\r\n0\r\n\r\n`,
  beginning("GET /version", `x-filler: ${filler}`),
  beginning(`GET /${filler}`),
];

/** Bytes that are no request, or only a part of one, and how the client goes on after them. */
export interface MalformedRequest {
  readonly text: string;
  /** Leaves when it is answered or gets tired of waiting, says that nothing follows, or is gone at once. */
  readonly end: "wait" | "finish" | "vanish";
  /** Into how many pieces the text is cut, which come one at a time. */
  readonly pieces: number;
  readonly door: "socket" | "tls" | "unencrypted";
}

export const malformedRequests: fc.Arbitrary<MalformedRequest> = fc.record({
  text: fc.oneof(
    { weight: 60, arbitrary: mutated(texts) },
    { weight: 20, arbitrary: fc.string({ unit: "binary", maxLength: 200 }) },
    { weight: 1, arbitrary: fc.constantFrom(...huge) },
  ),
  end: fc.constantFrom("wait", "finish", "vanish"),
  pieces: fc.constantFrom(1, 1, 2, 5),
  door: fc.constantFrom("socket", "socket", "tls", "unencrypted"),
});

/** Where bytes go. */
export interface RawDoors {
  readonly socketPath: string;
  readonly port: number;
  readonly secureContext: SecureContext;
}

/** A client waits this long for an answer to half a request. */
const waitMs = 300;
const betweenPiecesMs = 5;

/** Sends the bytes as told; resolves with the first that come back, empty where the server says nothing. */
export async function sendMalformed(doors: RawDoors, one: MalformedRequest): Promise<string> {
  const socket = open(doors, one.door);
  let answer = "";
  const over = new Promise<void>((resolve) => {
    socket.once("close", () => resolve());
    // That the server cuts it off is what is expected.
    socket.on("error", () => undefined);
    socket.on("data", (bytes: Buffer) => {
      answer += bytes.toString("latin1");
      resolve();
    });
  });
  await sendPieces(socket, one);
  if (one.end === "vanish") socket.destroy();
  if (one.end === "finish") socket.end();
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([over, new Promise((resolve) => (timer = setTimeout(resolve, waitMs)))]);
  clearTimeout(timer);
  socket.destroy();
  return answer;
}

function open({ socketPath, port, secureContext }: RawDoors, door: MalformedRequest["door"]): Duplex {
  if (door === "socket") return connect(socketPath);
  if (door === "unencrypted") return connect(port, "127.0.0.1");
  return connectTls({ port, host: "127.0.0.1", servername: "localhost", secureContext });
}

async function sendPieces(socket: Duplex, { text, pieces }: MalformedRequest): Promise<void> {
  const length = Math.ceil(text.length / pieces);
  for (let at = 0; at < text.length && !socket.destroyed; at += length) {
    socket.write(Buffer.from(text.slice(at, at + length)));
    // Being slow is what is tried here, so that nothing can be waited for.
    if (pieces > 1) await new Promise((resolve) => setTimeout(resolve, betweenPiecesMs));
  }
}
