import { Agent as HttpAgent, request as requestAtSocket } from "node:http";
import type { RequestOptions } from "node:http";
import { Agent, request as requestOverTls } from "node:https";
import type { SecureContext } from "node:tls";
import fc from "fast-check";
import type { NetworkAddress } from "../../src/api/network-access.ts";
import { containerText } from "./api-bed.ts";

const group = "/apis/ds01.io/v1alpha1";

/** How many requests are sent; DS01_RANDOM_REQUESTS sends more, such as 100000. */
export function requestBudget(usual: number): number {
  return Number(process.env["DS01_RANDOM_REQUESTS"] ?? usual);
}

/** Everything that the routes know, and what stands in the place of their parameters. */
function basesOf(user: string): readonly string[] {
  const objects = `${group}/namespaces/${user}/containers`;
  const pod = `/api/v1/namespaces/${user}/pods/train`;
  return [
    objects,
    `${objects}/train`,
    `${objects}/train/status`,
    `${objects}/train/preview`,
    `${objects}/train/description`,
    `${group}/gpus/0`,
    `${group}/quotas`,
    `${group}/queue`,
    "/api/v1/pods",
    `${pod}/log`,
    `${pod}/exec`,
    `${pod}/attach`,
    `${pod}/portforward`,
    "/api/v1/namespaces",
    "/api/v1/nodes",
    "/api/v1/events",
    "/apis/metrics.k8s.io/v1beta1/pods",
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    "/openapi/v3",
    "/apis",
  ];
}

const types = [
  "application/json",
  "application/yaml",
  "application/merge-patch+json",
  "application/json-patch+json",
  "application/apply-patch+yaml",
  "application/vnd.kubernetes.protobuf",
  "text/plain",
];
const bodies = [
  containerText("train"),
  '{"spec":{"image":"alpine"}}',
  '[{"op":"replace","path":"/spec/image","value":"alpine"}]',
  '{"kind":"SelfSubjectAccessReview","spec":{"resourceAttributes":{"verb":"get","resource":"pods"}}}',
  '{"kind":"DeleteOptions","dryRun":["All"]}',
  `${"[".repeat(5000)}`,
  `{"metadata":{"name":"train"},"spec":${'{"env":'.repeat(70)}1${"}".repeat(70)}}`,
  "k8s\0\n\x10\n\x02v1\x12\nDeleteOptions\x12\x00",
  "a: &a [*a]\n",
];

const word = fc.string({ unit: "binary-ascii", maxLength: 20 });
const query = fc.array(
  fc.tuple(
    fc.constantFrom(
      "dryRun",
      "labelSelector",
      "fieldSelector",
      "limit",
      "continue",
      "resourceVersion",
      "includeObject",
      "tailLines",
      "follow",
      "watch",
      "fieldValidation",
      "command",
      "ports",
    ),
    fc.oneof(word, fc.constantFrom("All", "1", "-1", "true", "a=b", "Warn", "metadata.name=train")),
  ),
  { maxLength: 3 },
);
const body = fc.oneof(
  fc.constantFrom(...bodies),
  fc.json(),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
);

/** A request that some program might send, or none. */
export interface RandomRequest {
  readonly method: string;
  readonly base: string;
  readonly more: string;
  readonly query: readonly (readonly [string, string])[];
  readonly type: string;
  readonly body: string;
  readonly upgrade: string;
  readonly accept: string;
  readonly door: "socket" | "tls";
}

/** Requests about what belongs to this user, and about everything else. */
export function randomRequests(user: string): fc.Arbitrary<RandomRequest> {
  return fc.record({
    method: fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"),
    base: fc.constantFrom(...basesOf(user)),
    more: fc.option(word, { nil: "", freq: 3 }),
    query,
    type: fc.constantFrom(...types),
    body,
    upgrade: fc.constantFrom("", "", "", "", "websocket", "SPDY/3.1"),
    accept: fc.constantFrom(
      "application/json",
      "application/json;as=Table;v=v1;g=meta.k8s.io",
      "*/*",
      "text/html",
      "",
    ),
    door: fc.constantFrom("socket", "tls"),
  });
}

/** What a client says beside that it wants to speak something else from here on. */
const upgradeHeaders: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  websocket: {
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-protocol": "v5.channel.k8s.io",
  },
  "SPDY/3.1": { "x-stream-protocol-version": "v4.channel.k8s.io" },
};

/** Where random requests go. */
export interface Doors {
  readonly socketPath: string;
  readonly address: NetworkAddress;
  /** Made once: that of a new connection would take longer than its request. */
  readonly secureContext: SecureContext;
  /** Shown at the door over TLS. */
  readonly token: () => string;
}

/** A machine that is busy with other tests is not to be taken for a server that has stopped. */
const patienceMs = 60_000;
/** Connections with one door at a time; further requests wait for one of them. */
const maxSockets = 50;

/** Sends requests to both doors, over connections that are kept. */
export class RequestSender {
  readonly #doors: Doors;
  readonly #tls: Agent;
  readonly #local = new HttpAgent({ keepAlive: true, maxSockets });
  /** How many answers have come, upgrades included. */
  answers = 0;

  constructor(doors: Doors) {
    this.#doors = doors;
    this.#tls = new Agent({ keepAlive: true, maxSockets, secureContext: doors.secureContext });
  }

  /** Ends all connections. */
  end(): void {
    this.#tls.destroy();
    this.#local.destroy();
  }

  /** The code of the answer; 0 where the connection was cut. An Error where none comes in a minute. */
  async send(one: RandomRequest): Promise<number> {
    const text = new URLSearchParams(
      one.query.map(([name, value]): [string, string] => [name, value]),
    ).toString();
    const path = `${one.base}${one.more === "" ? "" : `/${encodeURIComponent(one.more)}`}?${text}`;
    const bytes = one.method === "GET" || one.method === "HEAD" ? undefined : Buffer.from(one.body, "latin1");
    const options: RequestOptions = {
      method: one.method,
      path,
      timeout: patienceMs,
      headers: {
        "content-type": one.type,
        accept: one.accept,
        // Node sends that of a DELETE without saying where it ends, and the server then takes it for another request.
        ...(bytes === undefined ? {} : { "content-length": String(bytes.length) }),
        ...(one.upgrade === "" ? {} : { connection: "Upgrade", upgrade: one.upgrade }),
        ...upgradeHeaders[one.upgrade],
      },
    };
    return new Promise((resolve, reject) => {
      const sent = this.#request(one.door, options);
      sent.once("response", (response) => {
        this.answers += 1;
        // What may go on for ever is left once it has begun.
        if (/[?&](?:watch|follow)=/.test(path)) {
          resolve(response.statusCode ?? 0);
          response.on("error", () => undefined).destroy();
          return;
        }
        response.resume().once("end", () => resolve(response.statusCode ?? 0));
        response.once("error", () => resolve(0));
      });
      sent.once("upgrade", (_response, socket) => {
        this.answers += 1;
        socket.on("error", () => undefined).destroy();
        resolve(101);
      });
      sent.once("timeout", () => reject(new Error(`no answer to ${one.method} ${path}`)));
      // A server may close a connection whose body it does not want.
      sent.once("error", (error: NodeJS.ErrnoException) =>
        error.code === "ECONNRESET" || error.code === "EPIPE" ? resolve(0) : reject(error),
      );
      sent.end(bytes);
    });
  }

  #request(door: RandomRequest["door"], options: RequestOptions): ReturnType<typeof requestAtSocket> {
    const { socketPath, address, token } = this.#doors;
    if (door === "socket") return requestAtSocket({ ...options, socketPath, agent: this.#local });
    const sent = requestOverTls(address.server, { ...options, agent: this.#tls });
    sent.setHeader("authorization", `Bearer ${token()}`);
    return sent;
  }
}
