import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

describe("the queue", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({ name: "queue", nvidia: "2xA100-80GB" });
  });

  afterAll(async () => host.stop());

  const drop = (key: string, count: number, maxRuntime?: string): void => {
    const [, name = ""] = key.split("/");
    const lifecycle = { holdGpuAfterStop: "0s", ...(maxRuntime === undefined ? {} : { maxRuntime }) };
    host.drop(`users/${key}.yaml`, containerSpec(name, { gpus: { count }, lifecycle }));
  };

  it("must say so when nobody waits", async () => {
    expect(await host.ds01("queue")).toMatchObject({
      code: 0,
      stdout: "",
      stderr: "Nobody waits for a GPU.\n",
    });
  });

  it("must keep a free GPU for who comes first, and start meanwhile what ends before", async () => {
    drop("alice/long", 1, "1h");
    await host.waitForReady("alice/long");
    drop("bob/pair", 2);
    await host.waitForObject("bob/pair", "waiting", ({ status }) => status.queue?.eta !== undefined);
    drop("carol/endless", 1);
    const kept = await host.waitForObject(
      "carol/endless",
      "waiting behind bob",
      ({ status }) => status.reason === "BackfillBlocked",
    );
    expect(kept.status.message).toContain("1 kept for who comes first (bob/pair from ");
    drop("dora/brief", 1, "5m");
    await host.waitForReady("dora/brief");
    const pair = await host.container("bob/pair");
    const expected = Date.parse((await host.container("alice/long"))!.status.expiresAt!);
    expect(Math.abs(Date.parse(pair!.status.queue!.eta!) - expected)).toBeLessThan(2000);
  });

  it("must show the whole queue in order, and why one of it waits", async () => {
    const { stdout } = await host.ds01("queue");
    expect(stdout).toMatch(/^PLACE +NAMESPACE +NAME +PRIORITY +NEEDS +WAITING +STARTS +REASON\n/);
    expect(stdout).toMatch(/\n1 +bob +pair +50 +2 GPUs +\d+[sm] +in \d+m +WaitingForDevices\n/);
    expect(stdout).toMatch(
      /\n2 +carol +endless +50 +1 GPU +\d+[sm] +unknown +(?:BackfillBlocked|WaitingForDevices)\n$/,
    );
    const objects = JSON.parse((await host.ds01("queue", "-o", "json")).stdout) as { items: unknown[] };
    expect(objects.items).toMatchObject([{ metadata: { name: "pair" } }, { metadata: { name: "endless" } }]);
    const why = await host.ds01("why", "pair", "-n", "bob");
    expect(why).toMatchObject({ code: 0, stderr: "" });
    expect(why.stdout).toMatch(
      /^bob\/pair is Pending\. Needs 2 whole GPUs\. .*alice\/long until .*1st of 2 .*Starts about .* reaches its maxRuntime; basis: limit\.\n$/,
    );
    expect(await host.ds01("why", "nothing", "-n", "bob")).toMatchObject({ code: 4 });
    expect(await host.ds01("why", "gpu/0")).toMatchObject({ code: 2 });
  });

  it("must serve it in that order once there is room", async () => {
    await host.remove("alice/long", "dora/brief");
    await host.waitForReady("bob/pair");
    await host.remove("bob/pair");
    await host.waitForReady("carol/endless");
    await waitFor("an empty queue", async () => (await host.ds01("queue")).stdout === "");
  });
});
