import { createHmac } from "node:crypto";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { createConnection, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { webhookSecrets } from "../../src/adapters/git/webhook-secrets.ts";
import { waitFor } from "../bed/wait-for.ts";
import { startApiBed, type ApiBed } from "../support/api-bed.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const secret = "correct horse battery staple";
const body = '{"ref": "refs/heads/main"}';

interface Answer {
  readonly code: number;
  readonly text: string;
}

interface WebhookBed extends ApiBed {
  readonly secretFile: string;
  /** A client that says nothing; gone when the test has finished. */
  connect(): Socket;
  send(
    path: string,
    headers: Readonly<Record<string, string>>,
    text?: string,
    method?: string,
  ): Promise<Answer>;
}

async function startWebhookBed(): Promise<WebhookBed> {
  const secretFile = join(temporaryDirectory(), "secret");
  writeFileSync(secretFile, `${secret}\n`);
  const git = { url: "/srv/lab.git", webhook: { secretFile } };
  const secretOf = webhookSecrets([
    { name: "lab", git },
    { name: "quiet", git: { url: "/srv/quiet.git" } },
  ]);
  const bed = await startApiBed({ webhook: { host: "127.0.0.1", port: 0, secretOf } });
  const base = bed.log.lines.find(({ fields }) => fields["reason"] === "WebhookListening")?.fields["url"];
  const send: WebhookBed["send"] = async (path, headers, text = body, method = "POST") =>
    new Promise((resolve, reject) => {
      const options = {
        method,
        headers: { "content-length": Buffer.byteLength(text), ...headers },
        agent: false,
      };
      const sent = request(new URL(path, String(base)), options, (response) => {
        let answer = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (answer += chunk));
        response.once("end", () => resolve({ code: response.statusCode ?? 0, text: answer }));
      });
      sent.once("error", reject);
      sent.end(text);
    });
  const { hostname, port } = new URL(String(base));
  const connect = (): Socket => {
    const socket = createConnection({ host: hostname, port: Number(port) });
    // A server that closes it is what some tests wait for.
    socket.on("error", () => socket.destroy());
    onTestFinished(() => void socket.destroy());
    return socket;
  };
  return { ...bed, secretFile, connect, send };
}

function signed(text: string, key = secret): Record<string, string> {
  return { "x-hub-signature-256": `sha256=${createHmac("sha256", key).update(text).digest("hex")}` };
}

describe("the door for webhooks", () => {
  it.each([
    ["signature", signed(body)],
    ["token", { "x-gitlab-token": secret }],
  ])("has the source looked at for who shows its secret by a %s", async (_how, headers) => {
    const bed = await startWebhookBed();
    expect((await bed.send("lab", headers)).code).toBe(202);
    expect(bed.control.synced).toEqual(["lab"]);
  });

  it.each([
    ["without a signature", {}],
    ["with one by another secret", signed(body, "guessed")],
    ["with one of another body", signed(`${body} `)],
    ["with another token", { "x-gitlab-token": "guessed" }],
    ["with the header's words alone", { "x-hub-signature-256": "sha256=" }],
  ])("answers 401 %s, and says no more", async (_what, headers) => {
    const bed = await startWebhookBed();
    const { code, text } = await bed.send("lab", headers);
    expect(code).toBe(401);
    expect(JSON.parse(text)).toMatchObject({ message: "Unauthorized", reason: "Unauthorized" });
    expect(bed.control.synced).toEqual([]);
    expect(JSON.stringify(bed.log.lines)).not.toContain(secret);
  });

  it("answers 404 for a source that it does not know or that takes none, and nothing else of the API", async () => {
    const bed = await startWebhookBed();
    for (const path of ["lob", "quiet", "../apis/ds01.io/v1alpha1/containers", "lab/x", "../webhooks"]) {
      expect((await bed.send(path, signed(body))).code, path).toBe(404);
    }
    expect((await bed.send("lab", signed(""), "", "GET")).code).toBe(405);
    expect(bed.control.synced).toEqual([]);
  });

  it("reads no more than a megabyte", async () => {
    const bed = await startWebhookBed();
    const large = "x".repeat(1024 * 1024 + 1);
    const outcome = await bed
      .send("lab", signed(large), large)
      .catch((error: NodeJS.ErrnoException) => error.code);
    // The answer may be lost while the rest is still being sent.
    expect([413, "EPIPE", "ECONNRESET"]).toContain(typeof outcome === "object" ? outcome.code : outcome);
    expect(bed.control.synced).toEqual([]);
    expect((await bed.send("lab", signed(body))).code).toBe(202);
  });

  it("lets few in at a time", async () => {
    const bed = await startWebhookBed();
    const held = Array.from({ length: 64 }, () => bed.connect());
    await Promise.all(held.map(async (socket) => once(socket, "connect")));
    await once(bed.connect(), "close");
    expect(held.every((socket) => !socket.destroyed)).toBe(true);
    held[0]?.destroy();
    await waitFor(
      "a place to be free",
      async () => (await bed.send("lab", signed(body)).catch(() => null))?.code === 202,
    );
  });

  it("takes a new secret at once, and answers 503 while there is none", async () => {
    const bed = await startWebhookBed();
    writeFileSync(bed.secretFile, "another");
    expect((await bed.send("lab", signed(body))).code).toBe(401);
    expect((await bed.send("lab", signed(body, "another"))).code).toBe(202);
    for (const spoil of [() => writeFileSync(bed.secretFile, "\n"), () => rmSync(bed.secretFile)]) {
      spoil();
      const { code, text } = await bed.send("lab", signed(body, ""));
      expect(code).toBe(503);
      expect(text).not.toContain(bed.secretFile);
    }
    const told = bed.log.lines.filter(({ fields }) => fields["reason"] === "WebhookSecretUnreadable");
    expect(told).toHaveLength(1);
  });

  it("answers before the sync has ended, and tells of a source that is suspended", async () => {
    const bed = await startWebhookBed();
    let ended = (): void => undefined;
    const syncing = new Promise<void>((resolve) => (ended = resolve));
    Object.assign(bed.control, { syncSource: async () => syncing });
    expect((await bed.send("lab", signed(body))).code).toBe(202);
    ended();
    bed.control.sources.set("lab", {
      name: "lab",
      uid: "source-lab",
      resourceVersion: 1,
      createdAt: 0,
      spec: { type: "git", url: "/srv/lab.git" },
      status: {
        synced: true,
        reason: "Suspended",
        message: "",
        suspended: { since: "2026-01-05T08:00:00Z", by: "root", reason: "a matter of ours" },
      },
    });
    const { code, text } = await bed.send("lab", signed(body));
    expect([code, JSON.parse(text).message]).toEqual([409, "the source is suspended"]);
  });
});
