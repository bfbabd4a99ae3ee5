import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LimitsAnswer } from "../../src/api/limits-answer.ts";
import { waitFor } from "../bed/wait-for.ts";
import { disk } from "./disk.ts";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

const run = promisify(execFile);
const mebibyte = 1024 ** 2;

const students = `apiVersion: ds01.io/v1alpha1
kind: QuotaSpec
metadata: {name: students}
spec:
  subjects: {users: [alice]}
  priority: 40
  maxContainers: 3
  gpus: {nominal: 2}
  perContainer:
    default: {cpus: 0.5, memory: 64Mi, memorySwap: 96Mi, shmSize: 16Mi, pidsLimit: 100, ulimits: [{name: nofile, soft: 1024, hard: 2048}]}
    max: {cpus: 1, memory: 128Mi, memorySwap: 256Mi, shmSize: 32Mi, pidsLimit: 200, ulimits: [{name: nofile, soft: 4096, hard: 4096}], io: {devices: [{path: ${disk}, readBytesPerSecond: 500Mi, writeOperationsPerSecond: 9000}, {path: /dev/of-another-host, readBytesPerSecond: 1Mi}]}}
  lifecycle:
    maxRuntime: 24h
    holdGpuAfterStop: 15m
    removeAfterStop: 30m
`;

describe("limits and usage", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({
      name: "limits",
      nvidia: "2xA100-80GB",
      files: { "quotas/students.yaml": students },
    });
  });

  afterAll(async () => host.stop());

  it("must show every limit with the line that sets it", async () => {
    const { code, stdout, stderr } = await host.ds01("limits");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const rows = [
      /^LIMIT +VALUE +DEFAULT +FROM$/m,
      /^User +alice +-$/m,
      /^Group +students +quotas\/students\.yaml$/m,
      /^Priority +40 +quotas\/students\.yaml:6$/m,
      /^Max MIG Instances +2 GPU-equivalents +quotas\/students\.yaml:8$/m,
      /^Max CPUs +1 +0\.5 \(quotas\/students\.yaml:10\) +quotas\/students\.yaml:11$/m,
      /^Memory +128Mi +64Mi \(quotas\/students\.yaml:10\) +quotas\/students\.yaml:11$/m,
      /^Memory and Swap +256Mi +96Mi \(quotas\/students\.yaml:10\) +quotas\/students\.yaml:11$/m,
      /^I\/O Weight +the engine's +built-in$/m,
      /^I\/O Rates +\S+ readBytesPerSecond 500Mi, \S+ writeOperationsPerSecond 9000 +quotas\/students\.yaml:11$/m,
      /^Shared Memory +32Mi +16Mi \(quotas\/students\.yaml:10\) +quotas\/students\.yaml:11$/m,
      /^Ulimits +nofile=1024:2048 +quotas\/students\.yaml:10$/m,
      /^Max Containers +3 +quotas\/students\.yaml:7$/m,
      /^Idle Timeout +never +built-in$/m,
      /^GPU Hold After Stop +15m +quotas\/students\.yaml:14$/m,
      /^Privileged +not allowed +built-in$/m,
      /^Host Ports +1024-65535 +built-in$/m,
      /^Host Paths +none +built-in$/m,
      /^Container Hold After Stop +30m +quotas\/students\.yaml:15$/m,
    ];
    for (const row of rows) expect(stdout).toMatch(row);
    const bob = await host.ds01("limits", "bob");
    expect(bob.stdout).toMatch(/^Max CPUs +unlimited +built-in$/m);
    expect(await host.ds01("limits", "bob", "-o", "docker-args")).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
    const json = JSON.parse((await host.ds01("limits", "-o", "json")).stdout) as LimitsAnswer;
    expect(json).toMatchObject({ user: "alice", quota: "students" });
    expect(json.limits.find(({ key }) => key === "memory")).toMatchObject({ value: 128 * 1024 ** 2 });
    expect((await host.ds01("limits", "-o", "yaml")).stdout).toMatch(/^user: alice\n/);
    expect((await host.ds01("limits", "-o", "nonsense")).code).toBe(2);
  });

  it("must print flags that docker run takes and keeps to", async () => {
    const flags = (await host.ds01("limits", "-o", "docker-args")).stdout.trim().split(" ");
    expect(flags).toHaveLength(8);
    const docker = ["-H", `unix://${host.engine.socketPath}`];
    await run("docker", [...docker, "run", "-d", "--name", "by-hand", ...flags, "bed/base:1"]);
    const { HostConfig } = await host.engine.docker.getContainer("by-hand").inspect();
    expect(HostConfig).toMatchObject({
      NanoCpus: 5e8,
      Memory: 64 * 1024 ** 2,
      MemorySwap: 96 * 1024 ** 2,
      BlkioDeviceReadBps: [{ Path: disk, Rate: 500 * 1024 ** 2 }],
      BlkioDeviceWriteIOps: [{ Path: disk, Rate: 9000 }],
      ShmSize: 16 * 1024 ** 2,
      PidsLimit: 100,
      Ulimits: [{ Name: "nofile", Soft: 1024, Hard: 2048 }],
    });
    // What ds01 makes for a spec that says nothing is the same.
    host.drop("users/alice/plain.yaml", containerSpec("plain", {}));
    await host.waitForReady("alice/plain");
    const { HostConfig: own } = await host.dockerInspect("alice/plain");
    const same = ["NanoCpus", "Memory", "MemorySwap", "ShmSize", "PidsLimit", "Ulimits"] as const;
    for (const field of [...same, "BlkioDeviceReadBps", "BlkioDeviceWriteIOps"] as const) {
      expect(own[field]).toEqual(HostConfig[field]);
    }
    await host.engine.docker.getContainer("by-hand").remove({ force: true });
    await host.remove("alice/plain");
  });

  it("must set the declared ulimits, replace the container when they change, and refuse more than allowed", async () => {
    const declare = (nofile: object): string => {
      const ulimits = [
        { name: "nofile", ...nofile },
        { name: "memlock", soft: 1 << 20, hard: 1 << 22 },
      ];
      return host.drop("users/alice/files.yaml", containerSpec("files", { resources: { ulimits } }));
    };
    declare({ soft: 2000, hard: 4096 });
    const before = await host.waitForReady("alice/files");
    const { HostConfig } = await host.dockerInspect("alice/files");
    expect(HostConfig.Ulimits).toEqual([
      { Name: "memlock", Soft: 1 << 20, Hard: 1 << 22 },
      { Name: "nofile", Soft: 2000, Hard: 4096 },
    ]);
    // Not by a shell of its own: what the engine executes later may begin with another soft limit.
    const { output } = await host.dockerExec("alice/files", "cat", "/proc/1/limits");
    expect(output).toMatch(/^Max open files +2000 +4096 /m);
    expect(output).toMatch(/^Max locked memory +1048576 +4194304 /m);
    declare({ soft: 3000, hard: 4096 });
    await host.waitForObject(
      "alice/files",
      "made anew",
      ({ status }) =>
        status.phase === "Running" &&
        ![undefined, before.status.container?.id].includes(status.container?.id),
    );
    declare({ soft: 3000, hard: 5000 });
    const refused = await host.waitForObject("alice/files", "refused", ({ status }) =>
      status.conditions.some(({ type, status: holds }) => type === "QuotaReserved" && holds === "False"),
    );
    expect(refused.status.conditions.find(({ type }) => type === "QuotaReserved")?.message).toBe(
      'alice/files asks for ulimit nofile 5000; quota "students" allows 4096 in one container (quotas/students.yaml:11): lower spec.resources.ulimits[0].hard or ask an admin',
    );
    await host.remove("alice/files");
  });

  it("must limit swap and disks as declared, change swap in place, and leave all alone after a restart", async () => {
    const rates = {
      readBytesPerSecond: "10Mi",
      writeBytesPerSecond: "5Mi",
      readOperationsPerSecond: 200,
      writeOperationsPerSecond: 100,
    };
    const declare = (memorySwap: string, io: object): string =>
      host.drop("users/alice/disks.yaml", containerSpec("disks", { resources: { memorySwap, io } }));
    declare("128Mi", { devices: [{ path: disk, ...rates }] });
    const before = await host.waitForReady("alice/disks");
    const { HostConfig, State } = await host.dockerInspect("alice/disks");
    expect(HostConfig).toMatchObject({
      Memory: 64 * mebibyte,
      MemorySwap: 128 * mebibyte,
      BlkioDeviceReadBps: [{ Path: disk, Rate: 10 * mebibyte }],
      BlkioDeviceWriteBps: [{ Path: disk, Rate: 5 * mebibyte }],
      BlkioDeviceReadIOps: [{ Path: disk, Rate: 200 }],
      BlkioDeviceWriteIOps: [{ Path: disk, Rate: 100 }],
    });
    const limits = (await host.ds01("describe", "container", "disks")).stdout;
    expect(limits).toContain("memorySwap 128Mi (spec users/alice/disks.yaml");
    expect(limits).toContain(`io ${disk} readBytesPerSecond 10Mi (spec users/alice/disks.yaml`);

    declare("none", { devices: [{ path: disk, ...rates }] });
    const changed = await waitFor("no more swap", async () => {
      const inspected = await host.dockerInspect("alice/disks");
      return inspected.HostConfig.MemorySwap === 64 * mebibyte && inspected;
    });
    expect(changed).toMatchObject({ Id: before.status.container?.id, State: { StartedAt: State.StartedAt } });

    // What a quota says of disks waits for the next start.
    await host.grant("students", students.replace("9000", "8000"));
    host.drop("users/alice/plain.yaml", containerSpec("plain", {}));
    await host.waitForReady("alice/plain");
    host.drop("quotas/students.yaml", students);
    const pending = await host.waitForObject("alice/plain", "pending", ({ status }) => {
      return status.pendingLimits !== undefined;
    });
    const name = `io ${disk} writeOperationsPerSecond`;
    expect(pending.status.pendingLimits).toEqual([{ name, value: "8000", wanted: "9000" }]);

    await host.restartController();
    await host.waitForReady("alice/disks");
    await host.client.resync();
    expect(host.proxy.mutations()).toEqual([]);

    declare("none", { weight: 500, devices: [{ path: disk, ...rates, readBytesPerSecond: "600Mi" }] });
    const refused = await host.waitForObject("alice/disks", "refused", ({ status }) =>
      status.conditions.some(({ type, status: holds }) => type === "QuotaReserved" && holds === "False"),
    );
    const message = refused.status.conditions.find(({ type }) => type === "QuotaReserved")?.message;
    expect(message).toContain(
      `alice/disks asks for ${disk} readBytesPerSecond 600Mi; quota "students" allows 500Mi in one container (quotas/students.yaml:11): lower spec.resources.io.devices[0].readBytesPerSecond or ask an admin`,
    );
    // A kernel of cgroup v1 has no weights any more.
    if (!message!.includes("sets io.weight; the engine of this host cannot limit it")) {
      declare("none", { weight: 500 });
      await waitFor("the weight", async () => {
        return (await host.dockerInspect("alice/disks")).HostConfig.BlkioWeight === 500;
      });
    }
    await host.remove("alice/disks", "alice/plain");
  });

  it("must show what everybody uses against what they may", async () => {
    host.drop("users/alice/train.yaml", containerSpec("train", { gpus: { count: 1 } }));
    host.drop("users/bob/web.yaml", containerSpec("web", {}));
    const { gpus } = (await host.waitForReady("alice/train")).status;
    await host.waitForReady("bob/web");
    const { stdout } = await host.ds01("usage");
    expect(stdout).toMatch(/^USER +QUOTA +CONTAINERS +GPU-EQUIVALENTS +DEVICES +BY\n/);
    expect(stdout).toMatch(new RegExp(`^alice +students +1/3 +1/2 +${gpus[0]!.slot} +alice/train 1$`, "m"));
    expect(stdout).toMatch(/^bob +- +1\/unlimited +0\/unlimited +- +bob\/web 0$/m);
    expect((await host.ds01("usage", "alice")).stdout).not.toContain("bob");
    const [only] = JSON.parse((await host.ds01("usage", "alice", "-o", "json")).stdout) as object[];
    expect(only).toMatchObject({ user: "alice", gpuEquivalents: 1, nominalGpuEquivalents: 2 });
    const wide = await waitFor("the quota to say it", async () => {
      const answer = await host.ds01("get", "quotas", "-o", "wide");
      return answer.stdout.includes("alice 1/2") && answer.stdout;
    });
    expect(wide).toMatch(/USERS/);
    await host.remove("alice/train", "bob/web");
  });
});
