import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { recordFault } from "../support/record-fault.ts";
import { guardBystanders, guardDevices } from "./guards.ts";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { runsOf } from "./runs.ts";
import { containerSpec, gpuSpec } from "./spec-text.ts";

const small = (key: string): string => containerSpec(key.split("/")[1] ?? "", { image: "bed/pause:1" });
const numbered = (count: number, nameOf: (index: number) => string): readonly string[] =>
  Array.from({ length: count }, (_, index) => nameOf(index));
/** How many come at once; the table is written with 500: DS01_MANY_SPECS=500. */
const specs = Number(process.env["DS01_MANY_SPECS"] ?? 120);
const job = { command: ["true"], restartPolicy: "Never" };

describe("a controller that gets many specs at once", () => {
  const kept = ["alice/kept", "bob/kept"];
  let host: Host;

  beforeAll(async () => {
    const files = { "users/alice/kept.yaml": gpuSpec("kept"), "users/bob/kept.yaml": small("bob/kept") };
    host = await startHost({ name: "many-specs", nvidia: "4xA100-80GB", network: "none", files });
    for (const key of kept) await host.waitForReady(key);
  });

  guardBystanders(() => host);
  guardDevices(() => host);

  afterAll(async () => {
    await host.stop();
  });

  /** How many containers are in which phase, as the command line shows them. */
  async function phases(): Promise<Readonly<Record<string, number>>> {
    const { stdout } = await host.ds01("get", "containers", "--all-namespaces", "-o", "json");
    const { items } = JSON.parse(stdout) as { items: { status: { phase: string } }[] };
    const counts: Record<string, number> = {};
    for (const { status } of items) counts[status.phase] = (counts[status.phase] ?? 0) + 1;
    return counts;
  }

  it(
    "must make each of many specs that come at once, once, and refuse the wrong ones alone",
    { timeout: 900_000 },
    async () => {
      const before = await runsOf(host, kept);
      const services = numbered(20, (index) => `erin/service${index}`);
      const jobs = numbered(specs - 50, (index) => `user${index % 25}/job${index}`);
      const gpuJobs = numbered(25, (index) => `user${index}/gpu-job`);
      const wrong = numbered(5, (index) => `fay/wrong${index}`);
      host.proxy.clear();
      const drop = (keys: readonly string[], textOf: (key: string) => string): void =>
        keys.forEach((key) => host.drop(`users/${key}.yaml`, textOf(key)));
      drop(services, small);
      drop(jobs, (key) => containerSpec(key.split("/")[1] ?? "", job));
      drop(gpuJobs, () => gpuSpec("gpu-job", job));
      drop(wrong, (key) => containerSpec(key.split("/")[1] ?? "", { restartPolicy: "Perhaps" }));

      const done = jobs.length + gpuJobs.length;
      const running = services.length + before.length;
      await waitFor(
        "all to run or be done",
        async () => {
          const counts = await phases();
          if (counts["Completed"] === done && counts["Running"] === running) return true;
          throw new Error(JSON.stringify(counts));
        },
        { timeoutMs: 800_000, intervalMs: 1000 },
      );
      const calls = host.proxy.mutations().map((one) => one.split("/").at(-1) ?? "");
      const [created, started] = (["create", "start"] as const).map(
        (wanted) => calls.filter((one) => one === wanted).length,
      );
      expect([created, started]).toEqual([services.length + done, services.length + done]);
      for (const key of wrong) {
        expect(await host.containersOf(key)).toEqual([]);
        const { stdout } = await host.ds01("describe", "container", key.split("/")[1] ?? "", "-n", "fay");
        expect(stdout).toContain("Perhaps");
      }
      expect(await runsOf(host, kept)).toEqual(before);
      host.proxy.clear();
      await host.client.resync();
      expect(host.proxy.mutations()).toEqual([]);
      recordFault(
        "many-specs",
        `${specs} specs: ${created} creates and ${started} starts: ${done} jobs done, ${gpuJobs.length} of them on a GPU, ${services.length} services run, ${wrong.length} specs refused; ${before.length} others kept their ids and start times`,
      );
    },
  );
});
