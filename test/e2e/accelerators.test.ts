import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { passForCdi } from "../bed/cdi-engine.ts";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

const asking = (kind: string, count = 1): object => ({ accelerators: { kind, count } });

describe("a host with GPUs, two TPUs and a device of a CDI file", () => {
  let host: Host;
  const root = mkdtempSync(join(tmpdir(), "ds01-tpu-"));

  beforeAll(async () => {
    mkdirSync(join(root, "dev"));
    // Openable, as a chip is: the numbers of /dev/null.
    for (const name of ["accel0", "accel1"]) execFileSync("mknod", [join(root, "dev", name), "c", "1", "3"]);
    mkdirSync(join(root, "cdi"));
    writeFileSync(join(root, "cdi/amd.yaml"), "cdiVersion: 0.6.0\nkind: amd.com/gpu\ndevices: [{name: 0}]\n");
    host = await startHost({
      name: "accelerators",
      nvidia: "1xA100-80GB",
      gpus: `nvidia,tpu:${root},cdi:${join(root, "cdi")}`,
      files: {
        "quotas/all.yaml":
          "apiVersion: ds01.io/v1alpha1\nkind: QuotaSpec\nmetadata: {name: all}\nspec:\n  subjects: {default: true}\n  gpus: {maxPerContainer: 2}\n",
      },
    });
  });
  afterAll(async () => {
    await host.stop();
    rmSync(root, { recursive: true, force: true });
  });

  it("must give a container exactly the TPU of its status, and no privileges", async () => {
    host.drop("users/alice/chip.yaml", containerSpec("chip", asking("tpu")));
    const { status } = await host.waitForReady("alice/chip");
    expect(status.gpus).toEqual([{ uuid: "TPU-accel0", slot: "tpu-0" }]);
    const { HostConfig, Config } = await host.dockerInspect("alice/chip");
    expect(HostConfig).toMatchObject({
      Privileged: false,
      Devices: [
        { PathOnHost: join(root, "dev/accel0"), PathInContainer: "/dev/accel0", CgroupPermissions: "rwm" },
      ],
    });
    expect(HostConfig.DeviceRequests ?? []).toEqual([]);
    expect(Config.Env).toEqual(expect.arrayContaining(["PJRT_DEVICE=TPU", "NVIDIA_VISIBLE_DEVICES=void"]));
    expect(Config.Labels["ds01.injection"]).toBe("devices");
    const seen = await host.dockerExec(
      "alice/chip",
      "sh",
      "-c",
      "ls /dev | grep accel; : </dev/accel0 && echo opened",
    );
    expect(seen.output).toBe("accel0\nopened\n");
  });

  it("must count them as any device: exclusive, in the queue, in get gpus, and against the quota", async () => {
    host.drop("users/bob/greedy.yaml", containerSpec("greedy", asking("tpu", 3)));
    const refused = await host.waitForPending("bob/greedy", "ExceedsMaxQuota");
    expect(refused.status.message).toContain("3 devices tpu");
    host.drop("users/bob/pair.yaml", containerSpec("pair", asking("tpu", 2)));
    const waiting = await host.waitForPending("bob/pair", "WaitingForDevices");
    expect(waiting.status.message).toMatch(
      /Needs 2 devices tpu\. 2 devices tpu here: 1 free, 1 allocated \(alice\/chip/,
    );
    const listed = await host.ds01("get", "gpus");
    expect(listed.stdout).toMatch(/^tpu-0 .*alice\/chip/m);
    expect(listed.stdout).toMatch(/^tpu-1 .*Free/m);
    await host.remove("bob/pair", "bob/greedy");
  });

  it("must pass the device of a CDI file by its name, and give GPUs beside it", async () => {
    const cdi = passForCdi(host.proxy, () => ["amd.com/gpu=0"]);
    host.drop("users/bob/red.yaml", containerSpec("red", asking("amd.com/gpu")));
    const { status } = await host.waitForReady("bob/red");
    expect(status.gpus).toEqual([{ uuid: "amd.com/gpu=0", slot: "amd-gpu-0" }]);
    expect(cdi.requested).toEqual([{ Driver: "cdi", DeviceIDs: ["amd.com/gpu=0"], Capabilities: [] }]);
    expect((await host.dockerInspect("bob/red")).Config.Labels["ds01.injection"]).toBe("cdi");
    host.drop("users/bob/green.yaml", containerSpec("green", { gpus: { count: 1 } }));
    expect((await host.waitForReady("bob/green")).status.gpus).toMatchObject([{ slot: "0" }]);
    host.drop("users/bob/blue.yaml", containerSpec("blue", asking("intel.com/gpu")));
    await host.waitForPending("bob/blue", "NoMatchingDevice");
    await host.remove("bob/blue");

    await host.restartController();
    await host.waitForReady("bob/red");
    await host.waitForReady("alice/chip");
    expect(host.proxy.mutations()).toEqual([]);
    cdi.end();
  });

  it("must give out everything else while a CDI file is wrong, and name it", async () => {
    const path = join(root, "cdi/broken.yaml");
    writeFileSync(path, "kind: intel.com/gpu\ndevices: [{na");
    await expect
      .poll(async () => (await host.ds01("doctor")).stdout)
      .toMatch(/FAIL +DeviceFiles +.*broken\.yaml: /);
    expect((await host.ds01("events", "-A")).stdout).toMatch(/Warning +DeviceFileUnreadable .*broken\.yaml/);
    host.drop("users/carol/green.yaml", containerSpec("green", asking("tpu")));
    await host.waitForReady("carol/green");
    rmSync(path);
    await expect.poll(async () => (await host.ds01("doctor")).stdout).not.toContain("DeviceFiles");
    expect((await host.ds01("events", "-A")).stdout).toMatch(/Normal +DeviceFileRead /);
    await host.remove("carol/green");
  });

  it("must not give away a TPU that a container ds01 does not manage has", async () => {
    const foreign = await host.engine.docker.createContainer({
      Image: "bed/base:1",
      name: "by-hand",
      HostConfig: {
        Devices: [
          { PathOnHost: join(root, "dev/accel1"), PathInContainer: "/dev/accel1", CgroupPermissions: "rwm" },
        ],
      },
    });
    await foreign.start();
    await expect.poll(async () => (await host.gpus()).get("tpu-1")?.status.state).toBe("InUse");
    host.drop("users/bob/late.yaml", containerSpec("late", asking("tpu")));
    const { status } = await host.waitForPending("bob/late", "WaitingForDevices");
    expect(status.message).toContain("in use by a container ds01 does not manage");
    await foreign.remove({ force: true });
    await host.waitForReady("bob/late");
  });
});
