import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  bridgeAddress,
  ensureRegistry,
  registryUser,
  startRegistry,
  trustRegistry,
} from "../bed/registry.ts";
import type { Registry } from "../bed/registry.ts";
import { packTar } from "../bed/tar.ts";
import { waitFor } from "../bed/wait-for.ts";
import { startHost } from "./host.ts";
import type { ContainerObject, Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

const isThere = ensureRegistry();

describe.skipIf(!isThere)("a private registry", () => {
  const folder = mkdtempSync(join(tmpdir(), "ds01-registry-"));
  const logins = join(folder, "logins.json");
  const proxies: Server[] = [];
  let host: Host;
  let closed: Registry;
  let open: Registry;

  beforeAll(async () => {
    // Docker tries a layer five times over a minute unless told.
    host = await startHost({
      name: "registry",
      network: "bridge",
      dockerdArguments: ["--max-download-attempts=1"],
    });
    const storage = join(folder, "storage");
    const address = bridgeAddress(host.engine.name);
    closed = await startRegistry({ address, isPrivate: true, storage });
    open = await startRegistry({ address: "127.0.0.1", isPrivate: false, storage });
    await push(`${open.server}/team/tool:1`);
  });

  afterAll(async () => {
    await host.stop();
    for (const proxy of proxies) proxy.close().closeAllConnections();
    await Promise.all([closed.stop(), open.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  async function push(reference: string): Promise<void> {
    const { docker } = host.engine;
    const tag = reference.slice(reference.lastIndexOf(":") + 1);
    const repo = reference.slice(0, reference.lastIndexOf(":"));
    const container = await docker.createContainer({ Image: "bed/base:1" });
    const entry = { path: "tmp/payload", content: randomBytes(1_000_000) };
    await container.putArchive(packTar([entry]), { path: "/" });
    await container.commit({ repo, tag });
    await container.remove();
    const stream = await docker.getImage(reference).push({ authconfig: {} });
    const text = await allOf(stream);
    expect(text).not.toContain("error");
    await docker.getImage(reference).remove();
  }

  function writeLogin(password: string): void {
    const auth = Buffer.from(`${registryUser.username}:${password}`).toString("base64");
    writeFileSync(logins, JSON.stringify({ auths: { [closed.server]: { auth } } }), { mode: 0o600 });
    chmodSync(logins, 0o600);
  }

  function declare(name: string, image: string): void {
    host.drop(`users/alice/${name}.yaml`, containerSpec(name, { image, imagePullPolicy: "IfNotPresent" }));
  }

  /** Removes the objects and their image, so that the next pull has something to fetch. */
  async function forget(image: string, ...names: readonly string[]): Promise<void> {
    await host.remove(...names.map((name) => `alice/${name}`));
    await host.engine.docker.getImage(image).remove();
  }

  function told(name: string, reason: string): Promise<ContainerObject> {
    return host.waitForObject(`alice/${name}`, reason, ({ status }) => status.reason === reason);
  }

  /** A server at which pulls of the open registry go as `answer` says. */
  async function registryThat(
    answer: (from: IncomingMessage, to: ServerResponse) => Promise<void>,
  ): Promise<string> {
    const server = createServer((asked, response) => {
      const [hostname, port] = open.server.split(":");
      const { url, method, headers } = asked;
      const sent = request({ hostname, port, path: url, method, headers }, (from) => {
        response.writeHead(from.statusCode ?? 502, from.headers);
        if (url?.includes("/blobs/") === true) answer(from, response).catch(() => response.destroy());
        else from.pipe(response);
      });
      sent.on("error", () => response.destroy());
      sent.end();
    });
    proxies.push(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it("must be trusted, then logged in to, and its login shows nowhere", async () => {
    const image = `${closed.server}/team/tool:1`;
    declare("tool", image);
    const untrusted = await told("tool", "RegistryUntrusted");
    expect(untrusted.status.message).toContain("certs.d");

    trustRegistry(host.engine.nsenterArgs, closed);
    const denied = await told("tool", "RegistryDenied");
    expect(denied.status.message).toContain("registries in the configuration");

    host.configure(`trust: path\nregistries: [{server: "${closed.server}", credentialsFile: "${logins}"}]\n`);
    writeLogin("another-word");
    await host.controller.end("SIGTERM");
    declare("wrong", image);
    await host.startController();
    await told("wrong", "RegistryDenied");

    writeLogin(registryUser.password);
    declare("right", image);
    await host.waitForReady("alice/right");
    expect((await host.waitForEvent("alice/right", "Pulled")).message).toBe(`${image} is here`);
    await host.waitForReady("alice/wrong");

    const events = readFileSync(join(host.logDir, "events.jsonl"), "utf8");
    const state = await host.ds01("get", "containers", "-A", "-o", "json");
    const secrets = ["s3cret-word", "another-word", Buffer.from("alice:s3cret-word").toString("base64")];
    for (const secret of secrets) {
      for (const text of [events, state.stdout, host.controller.stderr]) expect(text).not.toContain(secret);
    }
    await forget(image, "tool", "wrong", "right");
  });

  it("warns of a file with logins that others may read, and does without one that it may not use", async () => {
    const image = `${closed.server}/team/tool:1`;
    chmodSync(logins, 0o644);
    declare("open", image);
    await host.waitForReady("alice/open");
    await waitFor("a warning", () => host.controller.stderr.includes("CredentialsReadableByOthers"));
    await forget(image, "open");
    writeFileSync(logins, "{ not json");
    declare("broken", image);
    const broken = await told("broken", "CredentialsUnusable");
    expect(broken.status.message).toContain("it is not JSON");
    await host.remove("alice/broken");
  });

  it("is told apart from one that does not know the image", async () => {
    declare("unknown", `${open.server}/team/nothing:1`);
    const { status } = await told("unknown", "ImageNotFound");
    expect(status.phase).toBe("Failed");
    await host.remove("alice/unknown");
  });

  it("may be slow as long as something comes, and says how far it is", async () => {
    const server = await registryThat(async (from, to) => {
      for await (const piece of from) {
        const bytes = piece as Buffer;
        for (let at = 0; at < bytes.length; at += 65_536) {
          to.write(bytes.subarray(at, at + 65_536));
          await delay(250);
        }
      }
      to.end();
    });
    declare("slow", `${server}/team/tool:1`);
    const seen = await host.waitForObject("alice/slow", "part of it here", ({ status }) =>
      /[\d.]+[KM]i of [\d.]+[KM]i/.test(status.message ?? ""),
    );
    expect(seen.status).toMatchObject({ phase: "Preparing", reason: "PullingImage" });
    await host.waitForReady("alice/slow");
    await forget(`${server}/team/tool:1`, "slow");
  });

  it("may be pulled from by a controller that is killed: the next one pulls, and runs one container", async () => {
    let isHeld = true;
    let opened = 0;
    const server = await registryThat(async (from, to) => {
      opened += 1;
      for await (const piece of from) {
        to.write(piece);
        while (isHeld && !to.destroyed) await delay(50);
      }
      to.end();
    });
    const image = `${server}/team/tool:1`;
    declare("killed", image);
    await waitFor("half of a layer", () => opened > 0);
    await host.restartController(() => (isHeld = false));
    await host.waitForReady("alice/killed");
    expect(await host.containersOf("alice/killed")).toHaveLength(1);
    expect(host.proxy.mutations().filter((call) => call === "POST /containers/create")).toHaveLength(1);
    await forget(image, "killed");
  });

  it("may break off: what is half here is no image, and the next try brings it", async () => {
    let isBroken = true;
    const server = await registryThat(async (from, to) => {
      for await (const piece of from) {
        to.write(piece);
        if (isBroken) return void to.destroy();
      }
      to.end();
    });
    const image = `${server}/team/tool:1`;
    declare("broken", image);
    const waiting = await host.waitForObject(
      "alice/broken",
      "backing off",
      ({ status }) => status.phase === "Backoff",
    );
    expect(["RegistryUnreachable", "PullFailed"]).toContain(waiting.status.reason);
    await expect(host.engine.docker.getImage(image).inspect()).rejects.toMatchObject({ statusCode: 404 });
    isBroken = false;
    await host.waitForReady("alice/broken");
    await forget(image, "broken");
  });

  it("is asked no more for an image by its digest once that is here", async () => {
    const bare = `${open.server}/team/tool`;
    const [row] = await host.engine.docker.listImages({ filters: { reference: [`${bare}:1`] } });
    expect(row).toBeUndefined();
    await allOf(await host.engine.docker.pull(`${bare}:1`));
    const { RepoDigests: digests } = await host.engine.docker.getImage(`${bare}:1`).inspect();
    const image = digests.find((digest) => digest.startsWith(bare)) ?? "";
    await host.engine.docker.getImage(`${bare}:1`).remove();
    host.proxy.clear();
    declare("first", image);
    await host.waitForReady("alice/first");
    declare("second", image);
    await host.waitForReady("alice/second");
    const pulls = host.proxy.requests.filter(({ path }) => path === "/images/create");
    expect(pulls.length).toBeLessThanOrEqual(1);
    expect((await host.dockerInspect("alice/second")).Config.Image).toBe(image);
    await host.remove("alice/first", "alice/second");
  });
});

async function allOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const piece of stream) text += String(piece);
  return text;
}
