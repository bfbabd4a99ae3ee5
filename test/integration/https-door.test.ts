import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/adapters/host/system-clock.ts";
import { makeAuthority } from "../../src/adapters/tls/certificate.ts";
import { doorSecrets } from "../../src/adapters/tls/door-secrets.ts";
import type { IssuedCredential, NetworkAddress } from "../../src/api/network-access.ts";
import { waitFor } from "../bed/wait-for.ts";
import { containerText, startApiBed } from "../support/api-bed.ts";
import type { ApiBed } from "../support/api-bed.ts";
import { callHttps } from "../support/https-caller.ts";
import type { HttpsAnswer } from "../support/https-caller.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const group = "/apis/ds01.io/v1alpha1";

interface HttpsBed extends ApiBed {
  readonly address: NetworkAddress;
  token(user: string): Promise<string>;
  /** As this user, over TLS. */
  as(user: string, path: string, options?: Parameters<typeof callHttps>[2]): Promise<HttpsAnswer>;
}

async function startHttpsBed(): Promise<HttpsBed> {
  const secrets = await doorSecrets(temporaryDirectory(), systemClock);
  const bed = await startApiBed({ https: { port: 0, secrets } });
  const address = (await bed.json(`${group}/network-address`)) as NetworkAddress;
  const token = async (user: string): Promise<string> => {
    bed.actAs(user);
    const { text } = await bed.call("POST", `${group}/tokens`);
    bed.actAs("root");
    return (JSON.parse(text) as IssuedCredential).token;
  };
  const as: HttpsBed["as"] = async (user, path, options = {}) => {
    const headers = { authorization: `Bearer ${await token(user)}`, ...options.headers };
    return callHttps(address, path, { ...options, headers });
  };
  return { ...bed, address, token, as };
}

describe("the door over TLS", () => {
  it("answers each with a token as the user who got it", async () => {
    const bed = await startHttpsBed();
    await bed.control.drop("users/alice/train.yaml", containerText("train"));

    const own = await bed.as("alice", `${group}/namespaces/alice/containers/train`);
    expect(own.code).toBe(200);
    const denied = await bed.as("bob", `${group}/namespaces/alice/containers/train`, { method: "DELETE" });
    expect(denied.code).toBe(403);
    expect(JSON.parse(denied.text)).toMatchObject({
      kind: "Status",
      reason: "Forbidden",
      message: expect.stringContaining(
        'containers.ds01.io "train" is forbidden: User "bob" cannot delete resource "containers"',
      ),
    });
    const admin = await bed.as("carol", `${group}/namespaces/alice/containers/train`, { method: "DELETE" });
    expect(admin.code).toBe(200);
  });

  it("tells who has no token only its version and its health", async () => {
    const bed = await startHttpsBed();
    for (const path of ["/version", "/healthz", "/livez", "/readyz"]) {
      expect(await callHttps(bed.address, path), path).toMatchObject({ code: 200 });
    }
    for (const path of ["/api", "/apis", `${group}/containers`, "/nowhere", `/healthz/../${group}/gpus`]) {
      const answer = await callHttps(bed.address, path);
      expect(answer, path).toMatchObject({ code: 401 });
      expect(JSON.parse(answer.text), path).toMatchObject({ kind: "Status", reason: "Unauthorized" });
    }
    expect(await callHttps(bed.address, "/version", { method: "DELETE" })).toMatchObject({ code: 401 });
  });

  it("takes a token for a quarter of an hour, as it was given, and from nobody else's key", async () => {
    const bed = await startHttpsBed();
    const token = await bed.token("alice");
    const code = async (given: string): Promise<number> =>
      (await callHttps(bed.address, "/apis", { headers: { authorization: given } })).code;

    expect(await code(`Bearer ${token}`)).toBe(200);
    const [uid = "", expiry = "", signature = ""] = token.slice("ds01_".length).split(".");
    expect(uid).toBe("41001");
    expect(await code(`Bearer ds01_41002.${expiry}.${signature}`)).toBe(401);
    expect(await code(`Bearer ds01_${uid}.${Number(expiry) + 3600}.${signature}`)).toBe(401);
    expect(await code(`Bearer ds01_${uid}.${expiry}.${signature.slice(0, -2)}AA`)).toBe(401);
    expect(await code(`Bearer ds01_0.${expiry}.`)).toBe(401);
    expect(await code(`Basic ${token}`)).toBe(401);
    expect(await code("Bearer")).toBe(401);

    bed.clock.advance(15 * 60_000 - 1000);
    expect(await code(`Bearer ${token}`)).toBe(200);
    bed.clock.advance(1000);
    expect(await code(`Bearer ${token}`)).toBe(401);
    expect(JSON.stringify(bed.log.lines)).not.toContain(signature);
  });

  it("ends a watch with the token that it was asked for with", async () => {
    const bed = await startHttpsBed();
    await bed.control.drop("users/alice/train.yaml", containerText("train"));
    const watching = bed.as("alice", `${group}/containers?watch=1&timeoutSeconds=3600`);
    // The first of what is planned for it is a look at who has it; its end is planned right after that.
    const look = bed.clock.now() + 60_000;
    await waitFor("the watch to begin", () => bed.clock.nextAlarm() === look);
    bed.clock.advance(15 * 60_000);
    expect(await watching).toMatchObject({ code: 200, text: expect.stringContaining('"ADDED"') as string });
  });

  it("gives tokens to nobody who comes with one", async () => {
    const bed = await startHttpsBed();
    expect(await bed.as("alice", `${group}/tokens`, { method: "POST" })).toMatchObject({ code: 404 });
    expect(await bed.as("alice", `${group}/network-address`)).toMatchObject({ code: 404 });
  });

  it("refuses pages of a browser, also under a name that leads here", async () => {
    const bed = await startHttpsBed();
    const { host } = new URL(bed.address.server);
    const code = async (headers: Record<string, string>): Promise<number> =>
      (await bed.as("alice", "/apis", { headers })).code;

    expect(await code({ origin: "https://evil.example" })).toBe(403);
    expect(await code({ origin: "null" })).toBe(403);
    expect(await code({ origin: "http://localhost:3000" })).toBe(403);
    expect(await code({ host: "evil.example" })).toBe(403);
    expect(await code({ host: `rebound.example:${new URL(bed.address.server).port}` })).toBe(403);
    expect(await code({ origin: `https://${host}` })).toBe(200);
    // What `ssh -L` makes of it.
    expect(await code({ host: "localhost:16443" })).toBe(200);
    expect(
      await callHttps(bed.address, "/version", { headers: { origin: "https://evil.example" } }),
    ).toMatchObject({ code: 403 });
  });

  it("survives what is no request, and goes on answering", async () => {
    const bed = await startHttpsBed();
    const port = Number(new URL(bed.address.server).port);
    const texts = [
      "GET / HTTP/1.1\r\n\r\n",
      "\x16\x03\x01\xff\xff",
      "\0".repeat(5000),
      "\x80\x2e\x01\x00\x02",
    ];
    for (const text of texts) {
      await new Promise<void>((resolve) => {
        const socket = connect(port, "127.0.0.1", () => socket.end(text, "latin1"));
        socket.on("error", () => undefined).once("close", () => resolve());
        socket.resume();
      });
    }
    const inside = [
      "\0\0\0\0",
      "GET /\x00 HTTP/9\r\n\r\n",
      `GET / HTTP/1.1\r\nX: ${"a".repeat(40_000)}\r\n\r\n`,
    ];
    for (const text of inside) {
      await new Promise<void>((resolve) => {
        const options = { port, host: "127.0.0.1", ca: bed.address.certificateAuthority };
        const socket = connectTls(options, () => socket.write(text, "latin1"));
        socket.on("error", () => undefined).once("close", () => resolve());
        socket.resume();
      });
    }
    const headers = { "content-type": "application/json" };
    const huge = { method: "POST", headers, body: "x".repeat(1024 * 1024 + 1) };
    expect(await bed.as("alice", `${group}/namespaces/alice/containers`, huge)).toMatchObject({ code: 413 });
    expect(await bed.as("alice", "/apis")).toMatchObject({ code: 200 });
  });

  it("is closed unless wanted, and says so", async () => {
    const bed = await startApiBed();
    const answer = await bed.call("GET", `${group}/network-address`);
    expect(answer.code).toBe(404);
    expect(answer.text).toContain("api.https");
  });
});

describe("its secrets", () => {
  it("are the same after a restart, and for nobody else to read", async () => {
    const stateDir = temporaryDirectory();
    const first = await doorSecrets(stateDir, systemClock);
    const again = await doorSecrets(stateDir, systemClock);
    expect(again.authority).toBe(first.authority);
    expect(again.tokenKey).toEqual(first.tokenKey);
    const directory = join(stateDir, "api");
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(readdirSync(directory).toSorted()).toEqual(["ca.crt", "ca.key", "token.key"]);
    for (const name of ["ca.key", "token.key"]) {
      expect(statSync(join(directory, name)).mode & 0o777, name).toBe(0o600);
    }
  });

  it("have a new authority when the old one is about to end", async () => {
    const stateDir = temporaryDirectory();
    await doorSecrets(stateDir, systemClock);
    const now = systemClock.now();
    const old = makeAuthority("old", { from: now - 1000, until: now + 300 * 86_400_000 });
    writeFileSync(join(stateDir, "api/ca.crt"), old.certificate);
    writeFileSync(join(stateDir, "api/ca.key"), old.key);
    const { authority } = await doorSecrets(stateDir, systemClock);
    expect(authority).not.toBe(old.certificate);
    expect(readFileSync(join(stateDir, "api/ca.crt"), "utf8")).toBe(authority);
  });
});
