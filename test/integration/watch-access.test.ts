import { request } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { waitFor } from "../bed/wait-for.ts";
import { containerText, startApiBed } from "../support/api-bed.ts";
import type { ApiBed } from "../support/api-bed.ts";
import { changingIdentity, type ChangingIdentity } from "../support/changing-identity.ts";

const path = "/apis/ds01.io/v1alpha1/containers?watch=true";
const minute = 60_000;

interface Watching {
  /** What has come so far. */
  text(): string;
  ended(): boolean;
}

interface WatchBed extends ApiBed, ChangingIdentity {}

async function startWatchBed(): Promise<WatchBed> {
  const state = changingIdentity();
  const { identity } = state;
  const bed = await startApiBed({ identity });
  await bed.control.drop("users/alice/train.yaml", containerText("train"));
  return Object.assign(state, bed);
}

async function overHttp(bed: ApiBed): Promise<Watching> {
  let text = "";
  let ended = false;
  const sent = request({ socketPath: bed.socketPath, path, agent: false }, (response) => {
    response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    response.once("end", () => (ended = true)).on("error", () => undefined);
  });
  sent.on("error", () => undefined).end();
  onTestFinished(() => void sent.destroy());
  return { text: () => text, ended: () => ended };
}

async function overWebSocket(bed: ApiBed): Promise<Watching> {
  const socket = new WebSocket(`ws+unix:${bed.socketPath}:${path}`);
  onTestFinished(() => socket.terminate());
  let text = "";
  let code = 0;
  socket.on("message", (data: Buffer) => (text += data.toString()));
  socket.on("error", () => undefined).once("close", (closed) => (code = closed));
  return { text: () => text, ended: () => code === 1000 };
}

async function planned(bed: WatchBed): Promise<void> {
  const at = bed.clock.now() + minute;
  await waitFor("the next look to be planned", () => bed.clock.nextAlarm() === at);
}

/** Lets so many looks happen; the last may still be under way. */
async function pass(bed: WatchBed, minutes: number): Promise<void> {
  for (let index = 0; index < minutes; index += 1) {
    await planned(bed);
    bed.clock.advance(minute);
  }
}

describe.each([
  ["a watch at the socket", overHttp],
  ["a watch over a WebSocket at the socket", overWebSocket],
])("%s", (_, open) => {
  const begin = async (user: string): Promise<{ bed: WatchBed; watching: Watching }> => {
    const bed = await startWatchBed();
    bed.actAs(user);
    const watching = await open(bed);
    await waitFor("the first event", () => watching.text().includes('"train"'));
    return { bed, watching };
  };

  it("ends for an admin who is none any more, and shows nothing of others from then on", async () => {
    const { bed, watching } = await begin("carol");
    await pass(bed, 3);
    await planned(bed);
    bed.known.set("carol", []);
    await pass(bed, 2);
    await waitFor("the end", () => watching.ended());
    await bed.control.drop("users/alice/secret.yaml", containerText("secret"));
    expect(watching.text()).not.toContain("secret");
    expect(bed.clock.nextAlarm() ?? Infinity).toBeGreaterThan(bed.clock.now() + minute);
  });

  it("goes on for who stays who they are, and while nobody knows that", async () => {
    const { bed, watching } = await begin("alice");
    await pass(bed, 3);
    await planned(bed);
    bed.isAway = true;
    await pass(bed, 40);
    await bed.control.drop("users/alice/more.yaml", containerText("more"));
    await waitFor("the next event", () => watching.text().includes('"more"'));
    expect(watching.ended()).toBe(false);
  });

  it("goes on for who becomes an admin", async () => {
    const { bed, watching } = await begin("alice");
    bed.known.set("alice", ["alice", "operators"]);
    await pass(bed, 31);
    expect(watching.ended()).toBe(false);
  });

  it("ends when the account is gone for half an hour", async () => {
    const { bed, watching } = await begin("alice");
    bed.known.delete("alice");
    await pass(bed, 29);
    expect(watching.ended()).toBe(false);
    await pass(bed, 1);
    await waitFor("the end", () => watching.ended());
  });
});
