import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { updateGpuState } from "../bed/nvidia/state.ts";
import { waitFor } from "../bed/wait-for.ts";
import { recordFault } from "../support/record-fault.ts";
import { guardBystanders, guardDevices } from "./guards.ts";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { gpuSpec } from "./spec-text.ts";

describe("an engine without live restore that is killed", () => {
  const running = ["alice/one", "bob/two"];
  let host: Host;

  /** Names of ds01's containers, with the ids and GPUs that they must keep. */
  const identities = async (): Promise<ReadonlyMap<string, string>> => {
    const filters = { label: ["ds01.managed=true", "ds01.gpu.uuids"] };
    const listed = await host.engine.docker.listContainers({ all: true, filters });
    const own = listed.filter(({ Labels }) => Labels["ds01.user"] !== "zoe");
    return new Map(own.map(({ Id, Names, Labels }) => [Names.join(), `${Id} ${Labels["ds01.gpu.uuids"]}`]));
  };

  beforeAll(async () => {
    const files = Object.fromEntries(
      running.map((key) => [`users/${key}.yaml`, gpuSpec(key.split("/")[1] ?? "")]),
    );
    host = await startHost({ name: "engine-faults", nvidia: "4xA100-80GB", files });
    for (const key of running) await host.waitForReady(key);
  });

  guardBystanders(() => host);
  guardDevices(() => host);

  afterAll(async () => {
    await host.stop();
  });

  it("must get all back on their GPUs, as the same containers, after a SIGKILL", async () => {
    const before = await identities();
    expect(before.size).toBe(running.length);
    await host.engine.kill("KILL");
    for (const key of running)
      await host.waitForObject(key, "out of reach", ({ status }) => status.reason === "EngineUnreachable");
    host.proxy.clear();
    await host.engine.start();
    for (const key of running)
      await host.waitForObject(key, "up again", ({ status }) => status.restarts === 1, 60_000);
    for (const key of running) await host.waitForReady(key);
    expect(await identities()).toEqual(before);
    const changes = host.proxy.mutations();
    expect(changes.filter((one) => !one.endsWith("/start"))).toEqual([]);
    recordFault(
      "engine-killed",
      `${before.size} containers with their ids and GPUs are Ready again after ${changes.length} starts and no other change`,
    );
  });

  it("must end with one container an object after a SIGKILL in the midst of making them", async () => {
    const made = ["carol/three", "carol/four"];
    const before = await identities();
    // A start that takes its time; a create does so by itself.
    updateGpuState(host.engine.gpuState, (state) => void (state.hookDelayMs = 500));
    const cut: string[] = [];
    for (const [index, call] of (["create", "start"] as const).entries()) {
      const key = made[index] ?? "";
      host.proxy.clear();
      host.drop(`users/${key}.yaml`, gpuSpec(key.split("/")[1] ?? ""));
      const sent = await waitFor(
        `the ${call} to reach the engine`,
        () => host.proxy.requests.find(({ mutating, path }) => mutating && path.endsWith(`/${call}`)),
        { intervalMs: 1 },
      );
      await host.engine.kill("KILL");
      await waitFor(`the end of the ${call}`, () => sent.answer !== "awaited");
      if (sent.answer === "lost") cut.push(call);
      // Not what was so before the engine went.
      for (const one of [...running, ...made.slice(0, index)])
        await host.waitForObject(one, "out of reach", ({ status }) => status.reason === "EngineUnreachable");
      await host.engine.start();
      for (const one of [...running, ...made.slice(0, index + 1)]) await host.waitForReady(one, 90_000);
    }
    updateGpuState(host.engine.gpuState, (state) => void delete state.hookDelayMs);
    expect(cut).toEqual(["create", "start"]);
    const after = await identities();
    expect(after.size).toBe(running.length + made.length);
    for (const [name, identity] of before) expect(after.get(name)).toBe(identity);
    host.proxy.clear();
    await host.client.resync();
    expect(host.proxy.mutations()).toEqual([]);
    recordFault(
      "engine-killed-making",
      `killed during a ${cut.join(" and a ")}, which got no answer: ${made.length} new containers, one an object, each on a GPU of its own; ${before.size} older ones kept their ids and GPUs`,
    );
  });
});
