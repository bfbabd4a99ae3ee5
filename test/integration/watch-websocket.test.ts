import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { systemClock } from "../../src/adapters/host/system-clock.ts";
import { doorSecrets } from "../../src/adapters/tls/door-secrets.ts";
import type { IssuedCredential, NetworkAddress } from "../../src/api/network-access.ts";
import { waitFor } from "../bed/wait-for.ts";
import { containerText, startApiBed } from "../support/api-bed.ts";
import type { ApiBed } from "../support/api-bed.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const group = "/apis/ds01.io/v1alpha1";
const alice = `${group}/namespaces/alice/containers`;
const quarterMs = 15 * 60_000;
const minuteMs = 60_000;

interface WatchEvent {
  readonly type: string;
  readonly object: { readonly metadata: { readonly name?: string }; readonly code?: number };
}

interface Watching {
  /** The code of a handshake that was refused; 101 where it was not. */
  readonly code: number;
  readonly socket: WebSocket;
  readonly events: readonly WatchEvent[];
  /** The code of the closing; undefined while it is open. */
  closed(): number | undefined;
}

type Options = Readonly<{ protocols?: readonly string[] }> & WebSocket.ClientOptions;

async function watch(url: string, { protocols = [], ...options }: Options = {}): Promise<Watching> {
  const socket = new WebSocket(url, [...protocols], options);
  onTestFinished(() => socket.terminate());
  const events: WatchEvent[] = [];
  let closeCode: number | undefined;
  socket.on("message", (data: Buffer, isBinary: boolean) => {
    expect(isBinary).toBe(false);
    events.push(JSON.parse(data.toString()) as WatchEvent);
  });
  socket.on("error", () => undefined).once("close", (code) => (closeCode = code));
  const code = await new Promise<number>((resolve) => {
    socket.once("open", () => resolve(101));
    socket.once("unexpected-response", (_, response) => resolve(response.statusCode ?? 0));
  });
  return { code, socket, events, closed: () => closeCode };
}

function at(bed: ApiBed, path: string): string {
  return `ws+unix://${bed.socketPath}:${path}`;
}

function said({ events }: Watching): readonly string[] {
  return events.map(({ type, object }) => `${type} ${object.metadata.name ?? ""}`.trim());
}

describe("watch over a WebSocket", () => {
  it("sends each event as one message, from where it is asked to begin", async () => {
    const bed = await startApiBed();
    await bed.control.drop("users/alice/a.yaml", containerText("a"));
    const from = bed.control.store.resourceVersion();
    const all = await watch(at(bed, `${alice}?watch=true`), { protocols: ["base64.binary.k8s.io"] });
    const later = await watch(at(bed, `${alice}?watch=1&resourceVersion=${from}`));
    await waitFor("what is there", () => all.events.length === 1);
    bed.control.setPhase("alice", "a", "Running");
    await bed.control.remove("users/alice/a.yaml");
    await bed.control.resync();
    await waitFor("all events", () => all.events.length === 3 && later.events.length === 2);
    expect(said(all)).toEqual(["ADDED a", "MODIFIED a", "DELETED a"]);
    expect(said(later)).toEqual(["MODIFIED a", "DELETED a"]);
    expect([all.socket.protocol, later.socket.protocol]).toEqual(["base64.binary.k8s.io", ""]);
  });

  it("ends in its time, and with a version that is too old", async () => {
    const bed = await startApiBed();
    const timed = await watch(at(bed, `${alice}?watch=1&timeoutSeconds=5`));
    await waitFor("the end to be planned", () => bed.clock.nextAlarm() === bed.clock.now() + 5000);
    bed.clock.advance(5000);
    await waitFor("the end", () => timed.closed() !== undefined);
    expect(timed.closed()).toBe(1000);
    const old = await watch(at(bed, `${alice}?watch=1&resourceVersion=99999`));
    await waitFor("the end", () => old.closed() !== undefined);
    expect(old.events).toMatchObject([{ type: "ERROR", object: { code: 410, reason: "Expired" } }]);
  });

  it("refuses what is no watch and what is not the caller's, before it opens", async () => {
    const bed = await startApiBed();
    expect(await watch(at(bed, alice))).toMatchObject({ code: 400 });
    expect(await watch(at(bed, `${alice}?watch=1&resourceVersion=x`))).toMatchObject({ code: 400 });
    expect(await watch(at(bed, `${alice}/a?watch=1`))).toMatchObject({ code: 400 });
    bed.actAs("bob");
    expect(await watch(at(bed, `${alice}?watch=1`))).toMatchObject({ code: 403 });
    const all = await watch(at(bed, "/api/v1/namespaces?watch=1"));
    await waitFor("the own namespace", () => all.events.length === 1);
    expect(said(all)).toEqual(["ADDED bob"]);
  });

  it("sends a client that does not read no more than fits", async () => {
    const bed = await startApiBed({ historyLength: 50 });
    await bed.control.drop("users/alice/a.yaml", containerText("a"));
    const socket = connect(bed.socketPath);
    onTestFinished(() => void socket.destroy());
    socket.write(
      `GET ${alice}?watch=1 HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n` +
        "sec-websocket-version: 13\r\nsec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n",
    );
    await once(socket, "readable");
    const other = await watch(at(bed, `${alice}?watch=1`));
    for (let round = 0; round < 3000; round += 1) {
      bed.control.setPhase("alice", "a", round % 2 === 0 ? "Running" : "Stopped");
      // The history is short: who reads keeps up with it.
      if (round % 20 === 0) await waitFor("who reads", () => other.events.length > round);
    }
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    await waitFor("the end", () => text.includes('"code":410'));
    expect(text.split('"MODIFIED"').length).toBeLessThan(2500);
  });
});

describe("watch over a WebSocket, over TLS", () => {
  async function startTlsBed() {
    const secrets = await doorSecrets(temporaryDirectory(), systemClock);
    const bed = await startApiBed({ https: { port: 0, secrets } });
    const address = (await bed.json(`${group}/network-address`)) as NetworkAddress;
    bed.actAs("alice");
    const { token } = JSON.parse((await bed.call("POST", `${group}/tokens`)).text) as IssuedCredential;
    const url = `${address.server.replace("https", "wss")}${alice}?watch=1`;
    const connection = { ca: address.certificateAuthority, servername: "localhost" };
    const bearer = `base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString("base64url")}`;
    return { bed, url, connection, bearer, token };
  }

  it("takes the token from the header or the protocols, never says it back, and ends with it", async () => {
    const { bed, url, connection, bearer, token } = await startTlsBed();
    const headers = { authorization: `Bearer ${token}` };
    const watches = [
      await watch(url, { ...connection, headers }),
      await watch(url, { ...connection, protocols: [bearer, "base64.binary.k8s.io"] }),
    ];
    expect(watches.map(({ code, socket }) => [code, socket.protocol])).toEqual([
      [101, ""],
      [101, "base64.binary.k8s.io"],
    ]);
    expect(await watch(url, connection)).toMatchObject({ code: 401 });
    expect(await watch(url, { ...connection, protocols: [bearer] })).toMatchObject({ code: 401 });
    const wrong = `${bearer.slice(0, -4)}AAAA`;
    expect(await watch(url, { ...connection, protocols: [wrong, "v4"] })).toMatchObject({ code: 401 });
    // The first of what is planned for each is a look at who has it; its end is planned right after that.
    await waitFor("the ends to be planned", () => bed.clock.nextAlarm() === bed.clock.now() + minuteMs);
    bed.clock.advance(quarterMs);
    await waitFor("both ends", () => watches.every((one) => one.closed() === 1000));
  });

  it("lets no page of a browser in, whatever it knows", async () => {
    const { url, connection, bearer } = await startTlsBed();
    const protocols = [bearer, "base64.binary.k8s.io"];
    for (const origin of ["https://evil.example", "http://localhost:3000", "null"]) {
      expect(await watch(url, { ...connection, protocols, origin }), origin).toMatchObject({ code: 403 });
    }
    const headers = { host: "rebound.example" };
    expect(await watch(url, { ...connection, protocols, headers })).toMatchObject({ code: 403 });
    const origin = new URL(url.replace("wss", "https")).origin;
    expect(await watch(url, { ...connection, protocols, origin })).toMatchObject({ code: 101 });
  });
});
