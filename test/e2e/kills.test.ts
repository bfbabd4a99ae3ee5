import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { DeviceWatch } from "./device-watch.ts";
import { dockerName, startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

/** How often the controller is killed. */
const kills = Number(process.env["DS01_KILLS"] ?? 50);
const jobs = 20;

describe("a controller that is killed again and again while twenty jobs want four GPUs", () => {
  let host: Host;
  let watch: DeviceWatch;

  beforeAll(async () => {
    host = await startHost({ name: "kills", nvidia: "4xA100-80GB" });
    watch = await DeviceWatch.open(host.engine.docker);
  });

  afterAll(async () => {
    watch.close();
    await host.stop();
  });

  it("must never give a GPU twice, lose a job, or run one twice", { timeout: 600_000 }, async () => {
    const keys = Array.from({ length: jobs }, (_, index) => `user${index}/job`);
    // As long as the kills last, so that every one of them meets work.
    const seconds = Math.max(0.5, (kills * 0.7) / (jobs / 4));
    const job = {
      command: ["sleep", String(seconds)],
      restartPolicy: "Never",
      gpus: { count: 1 },
      lifecycle: { holdGpuAfterStop: "0s" },
    };
    for (const key of keys) host.drop(`users/${key}.yaml`, containerSpec("job", job));
    for (let kill = 0; kill < kills; kill += 1) {
      // A random moment: while it starts, while it works, or when it has nothing to do.
      await sleep(50 + Math.random() * 1000);
      await host.controller.end("SIGKILL");
      host.spawnController();
    }
    await host.controller.ready();
    await waitFor(
      "all jobs to be done",
      async () => {
        const objects = await Promise.all(keys.map(async (key) => [key, await host.container(key)] as const));
        const undone = objects.filter(([, object]) => object?.status.phase !== "Completed");
        const [first] = undone;
        if (first === undefined) return true;
        throw new Error(
          `${undone.map(([key]) => key).join()}; the first: ${JSON.stringify(first[1]?.status)}`,
        );
      },
      { timeoutMs: 120_000, intervalMs: 250 },
    );
    // The engine's own events come on a connection of their own.
    const names = keys.map((key) => dockerName(key)).toSorted();
    await expect.poll(() => [...watch.taken.values()].flat().toSorted()).toEqual(names);
    expect(watch.violations).toEqual([]);
    expect(new Set(watch.taken.keys()).size).toBe(4);
  });
});
