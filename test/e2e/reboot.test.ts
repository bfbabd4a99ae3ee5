import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { updateGpuState } from "../bed/nvidia/state.ts";
import { waitFor } from "../bed/wait-for.ts";
import { recordFault } from "../support/record-fault.ts";
import { Bystanders } from "./bystanders.ts";
import { DeviceSamples } from "./device-samples.ts";
import { dockerName, startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

/** Becomes the command with another boot id of the kernel, for it alone. */
const withBootId = `mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"`;

const gpu = { gpus: { count: 1 } };
const specs: Readonly<Record<string, object>> = {
  "alice/train": gpu,
  "alice/web": {},
  "alice/off": { desiredState: "Stopped" },
  "bob/held": gpu,
  "bob/done": { command: ["true"], restartPolicy: "Never" },
  "carol/job": { ...gpu, restartPolicy: "OnFailure" },
  "carol/waits": gpu,
};
const restarted = ["alice/train", "alice/web", "carol/job"];
const stopped = ["bob/held", "bob/done"];

describe("a machine that is started again", () => {
  let host: Host;
  let others: Bystanders;

  /** Which container an object has, and on which GPU. */
  const picture = async (keys: readonly string[]): Promise<readonly string[]> =>
    Promise.all(
      keys.map(async (key) => {
        const { Id, Config } = await host.dockerInspect(key);
        return `${key} ${Id} ${Config.Labels["ds01.gpu.uuids"]}`;
      }),
    );
  const startTimes = async (keys: readonly string[]): Promise<readonly string[]> =>
    Promise.all(keys.map(async (key) => (await host.dockerInspect(key)).State.StartedAt));

  beforeAll(async () => {
    host = await startHost({ name: "reboot", nvidia: "3xA100-80GB" });
    others = await Bystanders.start(host.engine.docker);
    for (const [key, spec] of Object.entries(specs).slice(0, -1))
      host.drop(`users/${key}.yaml`, containerSpec(key.split("/")[1] ?? "", spec));
    for (const key of [...restarted, "bob/held"]) await host.waitForReady(key);
    await host.waitForPhase("bob/done", "Completed");
    await host.ds01("stop", "bob/held");
    await host.waitForPhase("bob/held", "Held");
    host.drop("users/carol/waits.yaml", containerSpec("waits", gpu));
    await host.waitForObject("carol/waits", "waiting", ({ status }) => status.reason === "WaitingForDevices");
  });

  afterAll(async () => {
    await host.stop();
  });

  /** Ends every process and forgets what is in memory; what is on the disk stays. */
  async function losePower(): Promise<void> {
    const running = await host.engine.docker.listContainers();
    const pids = await Promise.all(
      running.map(async ({ Id }) => (await host.engine.docker.getContainer(Id).inspect()).State.Pid),
    );
    await host.controller.end("SIGKILL");
    await host.engine.kill("KILL");
    // Their shims go first, so that nobody notes how they ended.
    for (const pid of [...pids.map(parentOf), ...pids]) process.kill(pid, "SIGKILL");
    for (const pid of pids) await waitFor(`${pid} to be gone`, () => !isThere(pid));
    rmSync(dirname(host.socketPath), { recursive: true });
    const execRoot = join(host.engine.directory, "exec");
    for (const name of readdirSync(execRoot)) rmSync(join(execRoot, name), { recursive: true, force: true });
  }

  it("must start again what should run, where it was, and nothing else", async () => {
    const all = [...restarted, ...stopped];
    const before = await picture(all);
    const stoppedAt = await startTimes(stopped);
    await losePower();
    updateGpuState(host.engine.gpuState, (state) => void state.gpus.reverse());
    await host.engine.start();
    const samples = new DeviceSamples(host.engine.docker);
    const bootId = join(host.directory, "boot-id");
    writeFileSync(bootId, `${randomUUID()}\n`);
    host.launcher = ["unshare", "--mount", "sh", "-c", withBootId, bootId];
    host.proxy.clear();
    await host.startController();

    // What it knew before it went says that they are Ready.
    for (const key of restarted)
      await waitFor(`${key} to run again`, async () => (await host.dockerInspect(key)).State.Running);
    for (const key of restarted) await host.waitForReady(key);
    await host.waitForPhase("bob/held", "Held");
    await host.waitForPhase("bob/done", "Completed");
    await host.waitForObject("carol/waits", "waiting", ({ status }) => status.reason === "WaitingForDevices");
    await host.client.resync();
    await samples.end();
    expect(samples.violations).toEqual([]);
    expect(await picture(all)).toEqual(before);
    expect(await startTimes(stopped)).toEqual(stoppedAt);
    const starts = host.proxy.mutations();
    const wanted = restarted.map((key) => `POST /containers/${dockerName(key)}/start`);
    expect(starts.map((one) => one.replace(/[0-9a-f]{64}/, "ID")).toSorted()).toHaveLength(wanted.length);
    expect(starts.filter((one) => !one.endsWith("/start"))).toEqual([]);
    expect(await host.containersOf("alice/off")).toEqual([]);
    expect(await host.containersOf("carol/waits")).toEqual([]);
    await others.expectUntouched();

    // The GPU of what is held is still its own, and whoever waits comes next when that is over.
    await host.ds01("start", "bob/held");
    const held = await host.waitForReady("bob/held");
    expect(before.join()).toContain(`${held.status.container?.id} ${held.status.gpus[0]?.uuid}`);
    recordFault(
      "reboot",
      `${starts.length} starts and no other change: ${restarted.length} containers Ready again with their ids and GPUs, ${stopped.length} not started, 1 still waits; the one that was held came back on its GPU by \`ds01 start\``,
    );
  });
});

function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
