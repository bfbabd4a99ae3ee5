import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bedName } from "../bed/engine-record.ts";
import { canLimitMemory, limitFurtherMemory } from "../bed/memory-limit.ts";
import type { MemoryLimit } from "../bed/memory-limit.ts";
import { waitFor } from "../bed/wait-for.ts";
import { recordFault } from "../support/record-fault.ts";
import { guardBystanders, guardDevices } from "./guards.ts";
import { holdsFor } from "./holds-for.ts";
import { dockerName, startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { runsOf } from "./runs.ts";
import { containerSpec, gpuSpec } from "./spec-text.ts";

const small = (key: string): string => containerSpec(key.split("/")[1] ?? "", { image: "bed/pause:1" });
const twenty = (user: string): readonly string[] =>
  Array.from({ length: 20 }, (_, index) => `${user}/s${index}`);

describe("a controller that is short of what it needs", () => {
  const kept = ["alice/kept", "bob/kept"];
  let host: Host;

  beforeAll(async () => {
    const files = { "users/alice/kept.yaml": gpuSpec("kept"), "users/bob/kept.yaml": small("bob/kept") };
    host = await startHost({ name: "resource-faults", nvidia: "2xL40S", network: "none", files });
    for (const key of kept) await host.waitForReady(key);
  });

  guardBystanders(() => host);
  guardDevices(() => host);

  afterAll(async () => {
    await host.stop();
  });

  it("must live without file descriptors, take nothing for gone, and go on", async () => {
    const { controller } = host;
    host.drop("users/carol/hit.yaml", small("carol/hit"));
    await host.waitForReady("carol/hit");
    const before = await runsOf(host, kept);
    host.proxy.clear();
    const pid = controller.child.pid ?? 0;
    const [, allowed = ""] =
      /^Max open files +(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, "utf8")) ?? [];
    const setLimit = (descriptors: string): void => {
      execFileSync("prlimit", ["--pid", String(pid), `--nofile=${descriptors}:`]);
    };
    // All but the first three are in use, and those that get free are above the limit as well.
    setLimit("3");
    host.drop("users/carol/new.yaml", small("carol/new"));
    await host.engine.docker.getContainer(dockerName("carol/hit")).kill();
    // What it has open to the engine is gone, and it needs new ones.
    host.proxy.cutStreams();
    await waitFor("it to run out of them", () => controller.stderr.includes("EMFILE"));
    // Longer than until it looks at all files again, and at all GPUs.
    await holdsFor(25_000, async () => {
      expect(controller.isRunning).toBe(true);
      expect(await runsOf(host, kept)).toEqual(before);
    });
    const changes = host.proxy.mutations();
    expect(changes).toEqual([]);

    setLimit(allowed);
    for (const key of ["carol/new", "carol/hit"]) await host.waitForReady(key);
    expect(await runsOf(host, kept)).toEqual(before);
    expect(host.proxy.mutations().filter((one) => !/\/(?:create|start)$/.test(one))).toEqual([]);
    expect(controller.isRunning).toBe(true);
    recordFault(
      "no-descriptors",
      `EMFILE in the log, ${changes.length} requests changed anything; afterwards the new container and the killed one ran, without a restart of the controller; ${before.length} others kept their ids and start times`,
    );
    await host.remove("carol/new", "carol/hit");
  });

  /** Declares containers, and takes the memory from the controller as soon as it makes the first. */
  async function limitMemoryAtWork(
    keys: readonly string[],
    atLimit: "kill" | "hold up",
  ): Promise<MemoryLimit> {
    host.proxy.clear();
    for (const key of keys) host.drop(`users/${key}.yaml`, small(key));
    await waitFor("the first container to be made", () => host.proxy.mutations().length > 0, {
      intervalMs: 1,
    });
    const { pid = 0 } = host.controller.child;
    return limitFurtherMemory({ cgroup: bedName(host.engine.name), pid, bytes: 256 * 1024, atLimit });
  }

  /** How many containers there are of these objects. */
  async function madeOf(keys: readonly string[]): Promise<number> {
    return (await Promise.all(keys.map((key) => host.containersOf(key)))).flat().length;
  }

  /** Waits until all are there, each once, and sees that nothing is left to do. */
  async function expectEachOnce(keys: readonly string[]): Promise<void> {
    for (const key of keys) await host.waitForReady(key);
    for (const key of keys) expect([key, (await host.containersOf(key)).length]).toEqual([key, 1]);
    host.proxy.clear();
    await host.client.resync();
    expect(host.proxy.mutations()).toEqual([]);
  }

  it.skipIf(!canLimitMemory)(
    "must be followed by one that ends its work when the kernel kills it for want of memory",
    async () => {
      const before = await runsOf(host, kept);
      const keys = twenty("dave");
      await limitMemoryAtWork(keys, "kill");
      expect(await host.controller.exit()).toBe("SIGKILL");
      const made = await madeOf(keys);
      expect(made).toBeLessThan(keys.length);
      await host.startController();
      await expectEachOnce(keys);
      expect(await runsOf(host, kept)).toEqual(before);
      recordFault(
        "out-of-memory",
        `killed by the kernel with ${made} of ${keys.length} containers made: then one an object; ${before.length} others kept their ids and start times`,
      );
      await host.remove(...keys);
    },
  );

  it.skipIf(!canLimitMemory)(
    "must go on by itself when the kernel has held it up for want of memory",
    async () => {
      const before = await runsOf(host, kept);
      const { controller } = host;
      const keys = twenty("erin");
      const limit = await limitMemoryAtWork(keys, "hold up");
      await waitFor("the kernel to hold it up", () => limit.isHoldingUp());
      const made = await madeOf(keys);
      // Longer than a holder of the lock may be silent before it counts as dead.
      await holdsFor(15_000, async () => {
        expect(limit.isHoldingUp()).toBe(true);
        expect(await runsOf(host, kept)).toEqual(before);
      });
      limit.lift();
      await expectEachOnce(keys);
      expect(await runsOf(host, kept)).toEqual(before);
      expect(controller.isRunning).toBe(true);
      recordFault(
        "memory-pressure",
        `held up with ${made} of ${keys.length} containers made: then one an object, without a restart of the controller; ${before.length} others kept their ids and start times`,
      );
      await host.remove(...keys);
    },
  );
});
