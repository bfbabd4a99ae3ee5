import { Agent, request } from "node:https";
import fc from "fast-check";
import { expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../src/adapters/host/system-clock.ts";
import { doorSecrets } from "../../src/adapters/tls/door-secrets.ts";
import type { IssuedCredential, NetworkAddress } from "../../src/api/network-access.ts";
import { containerText, startApiBed } from "../support/api-bed.ts";
import { propertyRuns, propertyTimeoutMs } from "../support/property-runs.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const group = "/apis/ds01.io/v1alpha1";
const objects = `${group}/namespaces/alice/containers`;
/** Everything that the routes know, and what stands in the place of their parameters. */
const bases = [
  objects,
  `${objects}/train`,
  `${objects}/train/status`,
  `${objects}/train/preview`,
  `${group}/gpus/0`,
  `${group}/quotas`,
  "/api/v1/pods",
  "/api/v1/namespaces/alice/pods/train/log",
  "/api/v1/namespaces/alice/pods/train/exec",
  "/api/v1/namespaces/alice/pods/train/portforward",
  "/api/v1/nodes",
  "/apis/metrics.k8s.io/v1beta1/pods",
  "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
  "/openapi/v3",
  "/apis",
];
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
      "tailLines",
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
const randomRequest = fc.record({
  method: fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"),
  base: fc.constantFrom(...bases),
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
});

it(
  "random requests end neither the server nor its patience",
  { timeout: propertyTimeoutMs * 3 },
  async () => {
    const secrets = await doorSecrets(temporaryDirectory(), systemClock);
    const bed = await startApiBed({ clock: systemClock, writeDeadlineMs: 50, https: { port: 0, secrets } });
    const { server, certificateAuthority: ca } = (await bed.json(
      `${group}/network-address`,
    )) as NetworkAddress;
    const agent = new Agent({ keepAlive: true, maxSockets: 20, ca });
    onTestFinished(() => agent.destroy());
    bed.actAs("alice");
    const credential = async (): Promise<string> =>
      (JSON.parse((await bed.call("POST", `${group}/tokens`)).text) as IssuedCredential).token;
    let token = await credential();
    const renewal = setInterval(() => void credential().then((next) => (token = next)), 60_000);
    onTestFinished(() => clearInterval(renewal));

    let answers = 0;
    const send = async (
      one: typeof randomRequest extends fc.Arbitrary<infer R> ? R : never,
    ): Promise<number> =>
      new Promise((resolve, reject) => {
        const text = new URLSearchParams(one.query as [string, string][]).toString();
        const path = `${one.base}${one.more === "" ? "" : `/${encodeURIComponent(one.more)}`}?${text}`;
        const headers = {
          authorization: `Bearer ${token}`,
          "content-type": one.type,
          accept: one.accept,
          ...(one.upgrade === "" ? {} : { connection: "Upgrade", upgrade: one.upgrade }),
        };
        const sent = request(
          `${server}${path}`,
          { method: one.method, headers, agent, timeout: 20_000 },
          (response) => {
            answers += 1;
            response.resume().once("end", () => resolve(response.statusCode ?? 0));
          },
        );
        sent.once("upgrade", (_response, socket) => resolve(Number(socket.destroy() !== undefined)));
        sent.once("timeout", () => reject(new Error(`no answer to ${one.method} ${path}`)));
        // A server may close a connection whose body it does not want.
        sent.once("error", (error: NodeJS.ErrnoException) =>
          error.code === "ECONNRESET" || error.code === "EPIPE" ? resolve(0) : reject(error),
        );
        sent.end(one.method === "GET" || one.method === "HEAD" ? undefined : Buffer.from(one.body, "latin1"));
      });

    await fc.assert(
      fc.asyncProperty(fc.array(randomRequest, { minLength: 1, maxLength: 20 }), async (batch) => {
        await bed.control.drop("users/alice/train.yaml", containerText("train"));
        const codes = await Promise.all(batch.map(send));
        // A fault of ours would be a 500; logs, exec and ports have nothing behind them here.
        const wrong = codes.filter(
          (code, index) => code === 500 && !/\/(?:log|exec|portforward)$/.test(batch[index]?.base ?? ""),
        );
        expect(wrong).toEqual([]);
      }),
      propertyRuns,
    );
    expect(answers).toBeGreaterThan(100);
    expect(await bed.call("GET", "/livez")).toMatchObject({ code: 200 });
  },
);
