import { request } from "node:https";
import { Duplex, PassThrough } from "node:stream";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { systemClock } from "../../src/adapters/host/system-clock.ts";
import { doorSecrets } from "../../src/adapters/tls/door-secrets.ts";
import type { IssuedCredential, NetworkAddress } from "../../src/api/network-access.ts";
import type { ContainerAccess, ExecSession } from "../../src/ports/container-access.ts";
import { waitFor } from "../bed/wait-for.ts";
import { containerText, startApiBed } from "../support/api-bed.ts";
import type { ApiBed } from "../support/api-bed.ts";
import { changingIdentity, type ChangingIdentity } from "../support/changing-identity.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const group = "/apis/ds01.io/v1alpha1";
const pod = "/api/v1/namespaces/alice/pods/train";
const minute = 60_000;

/** A process that says what it is told, for ever. */
function echo(): ExecSession {
  const stdout = new PassThrough();
  const stdin = new Duplex({
    read: () => undefined,
    write: (chunk, _, done) => void stdout.write(chunk, done),
  });
  return {
    stdin,
    stdout,
    stderr: null,
    resize: async () => undefined,
    wait: async () => new Promise<number>(() => undefined),
  };
}

const containers: ContainerAccess = {
  logs: async () => new PassThrough(),
  exec: async () => echo(),
  attach: async () => echo(),
  dial: async () => echo().stdin,
  use: async () => null,
};

interface Stream {
  ended(): boolean;
  /** Sends a word and waits until it comes back; nothing for a log. */
  speak(): Promise<void>;
}

interface StreamBed extends ApiBed, ChangingIdentity {
  openAs(user: string, what: "exec" | "attach" | "portforward" | "log"): Promise<Stream>;
}

async function startStreamBed(): Promise<StreamBed> {
  const state = changingIdentity();
  const { identity } = state;
  const secrets = await doorSecrets(temporaryDirectory(), systemClock);
  const bed = await startApiBed({ https: { port: 0, secrets }, identity, containers });
  await bed.control.drop("users/alice/train.yaml", containerText("train"));
  bed.control.setPhase("alice", "train", "Running");
  const address = (await bed.json(`${group}/network-address`)) as NetworkAddress;
  const openAs: StreamBed["openAs"] = async (user, what) => {
    bed.actAs(user);
    const { token } = JSON.parse((await bed.call("POST", `${group}/tokens`)).text) as IssuedCredential;
    bed.actAs("root");
    const connection = {
      ca: address.certificateAuthority,
      servername: "localhost",
      headers: { authorization: `Bearer ${token}` },
    };
    return what === "log"
      ? openLog(`${address.server}${pod}/log?follow=true`, connection)
      : openSocket(`${address.server.replace("https", "wss")}${pod}/${what}`, connection);
  };
  return Object.assign(state, { ...bed, openAs });
}

type Connection = Readonly<{ ca: string; servername: string; headers: Record<string, string> }>;

async function openLog(url: string, connection: Connection): Promise<Stream> {
  let ended = false;
  await new Promise<void>((resolve, reject) => {
    const sent = request(url, { ...connection, agent: false }, (response) => {
      response.resume().once("close", () => (ended = true));
      response.on("error", () => undefined);
      resolve();
    });
    sent.once("error", reject).end();
    onTestFinished(() => void sent.destroy());
  });
  return { ended: () => ended, speak: async () => undefined };
}

async function openSocket(url: string, connection: Connection): Promise<Stream> {
  const query = "command=cat&stdin=true&stdout=true&ports=80";
  const socket = new WebSocket(`${url}?${query}`, "v4.channel.k8s.io", connection);
  onTestFinished(() => socket.terminate());
  socket.on("error", () => undefined);
  let said = "";
  socket.on("message", (data: Buffer) => (said += data.subarray(1).toString()));
  await new Promise<void>((resolve, reject) => socket.once("open", resolve).once("error", reject));
  return {
    ended: () => socket.readyState === WebSocket.CLOSED,
    speak: async () => {
      said = "";
      if (url.endsWith("portforward")) return;
      socket.send(Buffer.from("\0word"));
      await waitFor("the echo", () => said.includes("word"));
    },
  };
}

/** Lets so many looks happen. */
async function pass(bed: StreamBed, minutes: number): Promise<void> {
  for (let index = 0; index < minutes; index += 1) {
    const at = bed.clock.now() + minute;
    await waitFor("the next look to be planned", () => bed.clock.nextAlarm() === at);
    bed.clock.advance(minute);
  }
}

describe.each(["exec", "attach", "portforward", "log"] as const)("%s over TLS", (what) => {
  it("goes on when its token ends, and while nobody knows who has it", async () => {
    const bed = await startStreamBed();
    const stream = await bed.openAs("alice", what);
    await pass(bed, 20);
    bed.isAway = true;
    await pass(bed, 5);
    await stream.speak();
    expect(stream.ended()).toBe(false);
  });

  it("ends when the account is gone for half an hour", async () => {
    const bed = await startStreamBed();
    const stream = await bed.openAs("alice", what);
    bed.known.delete("alice");
    await pass(bed, 3);
    bed.known.set("alice", ["alice"]);
    await pass(bed, 1);
    bed.known.delete("alice");
    await pass(bed, 29);
    await stream.speak();
    expect(stream.ended()).toBe(false);
    await pass(bed, 1);
    await waitFor("the end", () => stream.ended());
    expect(bed.clock.nextAlarm() ?? Infinity).toBeGreaterThan(bed.clock.now() + minute);
  });

  it("ends for an admin who is none any more", async () => {
    const bed = await startStreamBed();
    const stream = await bed.openAs("carol", what);
    bed.known.set("carol", []);
    await pass(bed, 2);
    await waitFor("the end", () => stream.ended());
  });
});
