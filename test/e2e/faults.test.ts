import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { recordFault } from "../support/record-fault.ts";
import { doctorSays } from "./doctor-says.ts";
import { guardBystanders, guardDevices } from "./guards.ts";
import { holdsFor } from "./holds-for.ts";
import { dockerName, startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { runsOf } from "./runs.ts";
import { containerSpec, gpuSpec } from "./spec-text.ts";

async function waitForRunning(host: Host, keys: readonly string[], timeoutMs = 60_000): Promise<void> {
  for (const key of keys) await host.waitForReady(key, timeoutMs);
}

describe("an engine that fails under four GPU jobs", () => {
  const four = ["alice/one", "alice/two", "bob/three", "bob/four"];
  let host: Host;

  beforeAll(async () => {
    const files = Object.fromEntries(
      four.map((key) => [`users/${key}.yaml`, gpuSpec(key.split("/")[1] ?? "")]),
    );
    host = await startHost({ name: "faults", nvidia: "4xA100-80GB", files });
    await waitForRunning(host, four);
  });

  guardBystanders(() => host);
  guardDevices(() => host);

  afterAll(async () => {
    await host.stop();
  });

  it("must lose no container when it is stopped and started, and bring all back on their GPUs", async () => {
    const before = await runsOf(host, four);
    await host.engine.kill("TERM");
    await host.waitForObject(
      "alice/one",
      "out of reach",
      ({ status }) => status.reason === "EngineUnreachable",
    );
    await expect
      .poll(async () => {
        const { stdout } = await host.ds01("get", "containers", "--all-namespaces");
        return stdout.match(/Running .*the Docker engine does not answer/g);
      })
      .toHaveLength(4);
    await doctorSays(host, /EngineReady.*start Docker/s);
    host.proxy.clear();

    await host.engine.start();
    await waitForRunning(host, four);
    const after = await runsOf(host, four);
    expect(after.map(({ id, devices }) => [id, devices])).toEqual(
      before.map(({ id, devices }) => [id, devices]),
    );
    expect(host.proxy.mutations().filter((one) => !one.endsWith("/start"))).toEqual([]);
    await doctorSays(host, /EngineReady +the Docker engine answers/);
    const starts = host.proxy.mutations().length;
    recordFault(
      "engine-stopped",
      `${after.length} containers with their ids and GPUs are Ready again after ${starts} starts and no other change`,
    );
  });

  it("must get through its freeze of 30 s: nothing is lost, what was asked meanwhile follows", async () => {
    const kept = ["alice/one", "alice/two", "bob/three"];
    const before = await runsOf(host, kept);
    // Somebody is being created, somebody deleted, and somebody waits, while it freezes.
    host.proxy.clear();
    host.removeFile("users/bob/four.yaml");
    host.drop("users/carol/five.yaml", gpuSpec("five"));
    await waitFor("the first of it to reach the engine", () => host.proxy.mutations().length > 0);
    await host.engine.kill("STOP");
    const frozenAt = Date.now();
    host.drop("users/carol/six.yaml", gpuSpec("six"));
    await host.waitForObject(
      "alice/one",
      "out of reach",
      ({ status }) => status.reason === "EngineUnreachable",
    );
    await doctorSays(host, /EngineReady.*does not answer|EngineReady.*no answer|EngineReady.*lost/s);
    await holdsFor(30_000 - (Date.now() - frozenAt), async () => {
      expect((await host.ds01("get", "containers", "--all-namespaces")).code).toBe(0);
    });
    await host.engine.kill("CONT");

    await host.waitForReady("carol/five");
    await waitForRunning(host, kept);
    expect(await runsOf(host, kept)).toEqual(before);
    await waitFor("bob/four to be gone", async () => (await host.container("bob/four")) === undefined, {
      timeoutMs: 60_000,
    });
    await host.waitForObject("carol/six", "waiting", ({ status }) => status.reason === "WaitingForDevices");
    await doctorSays(host, /EngineReady +the Docker engine answers/);
    const filters = { label: ["ds01.user"] };
    const names = (await host.engine.docker.listContainers({ all: true, filters })).map(({ Names }) =>
      Names[0]?.slice(1),
    );
    const wanted = [...[...kept, "carol/five"].map(dockerName), "x._.zoe"];
    expect(new Set(names)).toEqual(new Set(wanted));
    expect(names).toHaveLength(wanted.length);
    recordFault(
      "engine-frozen",
      `${kept.length} containers kept their ids and start times; one was made, one removed, one waits for a GPU`,
    );
  });
});

describe("an engine with live restore", () => {
  let host: Host;

  beforeAll(async () => {
    const files = {
      "users/alice/train.yaml": gpuSpec("train"),
      "users/bob/serve.yaml": containerSpec("serve"),
    };
    host = await startHost({ name: "faults-live", nvidia: "2xL40S", liveRestore: true, files });
    await waitForRunning(host, ["alice/train", "bob/serve"]);
  });

  guardBystanders(() => host);

  afterAll(async () => {
    await host.stop();
  });

  it.each([
    ["KILL", "engine-killed-live"],
    ["TERM", "engine-stopped-live"],
  ] as const)(
    "must be left alone with all that runs when it ends by SIG%s and comes back",
    async (signal, fault) => {
      const keys = ["alice/train", "bob/serve"];
      const before = await runsOf(host, keys);
      host.proxy.clear();
      await host.engine.kill(signal);
      for (const key of keys)
        await host.waitForObject(key, "out of reach", ({ status }) => status.reason === "EngineUnreachable");
      await host.engine.start();
      await waitForRunning(host, keys);
      // Everything is looked at once more, and there is nothing to do.
      await host.client.resync();
      expect(await runsOf(host, keys)).toEqual(before);
      expect(host.proxy.mutations()).toEqual([]);
      recordFault(
        fault,
        `${keys.length} containers kept their ids, start times and GPUs; ${host.proxy.mutations().length} requests changed anything`,
      );
    },
  );
});
