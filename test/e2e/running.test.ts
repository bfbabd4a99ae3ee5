import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readGpuState } from "../bed/nvidia/state.ts";
import { conditionOf, requestedDevices, startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec, quotaSpec } from "./spec-text.ts";

describe("a dropped spec", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({ name: "running", nvidia: "4xA100-80GB" });
    const data = join(host.directory, "data");
    mkdirSync(data);
    writeFileSync(join(data, "hello"), "from the host\n");
    host.drop(
      "quotas/all.yaml",
      quotaSpec("all", {
        subjects: { default: true },
        policy: {
          hostPaths: [{ path: `${data}/**`, readOnly: true }],
          users: ["owner", "image", "1000:1000"],
        },
      }),
    );
  });

  afterAll(async () => host.stop());

  it("must become a running container that is what it declares, field by field", async () => {
    const data = join(host.directory, "data");
    host.drop(
      "users/alice/train.yaml",
      containerSpec("train", {
        command: ["/bin/sh"],
        args: ["-c", "trap 'exit 0' TERM; while :; do sleep 1; done"],
        workingDir: "/tmp",
        env: [
          { name: "EPOCHS", value: "3" },
          { name: "EMPTY", value: "" },
        ],
        user: "1000:1000",
        resources: { cpus: 1.5, memory: "64Mi", shmSize: "16Mi", pidsLimit: 50 },
        gpus: { count: 2 },
        volumes: [
          { name: "data", mountPath: "/data", readOnly: true, hostPath: { path: data, type: "Directory" } },
        ],
        ports: [{ containerPort: 8888, hostPort: 18_888 }],
      }),
    );
    const object = await host.waitForReady("alice/train");
    const inspected = await host.dockerInspect("alice/train");
    const uuids = object.status.gpus.map(({ uuid }) => uuid);

    expect(inspected.State.Status).toBe("running");
    expect(inspected.Config).toMatchObject({
      Image: "bed/base:1",
      Entrypoint: ["/bin/sh"],
      Cmd: ["-c", "trap 'exit 0' TERM; while :; do sleep 1; done"],
      WorkingDir: "/tmp",
      User: "1000:1000",
    });
    expect(inspected.Config.Env).toEqual(expect.arrayContaining(["EPOCHS=3", "EMPTY="]));
    expect(inspected.HostConfig).toMatchObject({
      NanoCpus: 1_500_000_000,
      Memory: 64 * 1024 ** 2,
      MemorySwap: 64 * 1024 ** 2,
      ShmSize: 16 * 1024 ** 2,
      PidsLimit: 50,
      Privileged: false,
      RestartPolicy: { Name: "no" },
    });
    expect(inspected.Mounts).toMatchObject([{ Type: "bind", Source: data, Destination: "/data", RW: false }]);
    expect(inspected.HostConfig.PortBindings).toEqual({
      "8888/tcp": [{ HostIp: "127.0.0.1", HostPort: "18888" }],
    });
    expect(inspected.Config.Labels).toMatchObject({
      "ds01.managed": "true",
      "ds01.user": "alice",
      "ds01.name": "train",
      "ds01.uid": object.metadata.uid,
      "ds01.generation": "1",
      "ds01.gpu.uuids": uuids.join(","),
      "ds01.gpu.slots": object.status.gpus.map(({ slot }) => slot).join(","),
      "ds01.injection": "hook",
    });
    expect(inspected.Config.Labels["ds01.spec-hash"]).toMatch(/^v1:[0-9a-f]{64}$/);
    expect(object.status.container).toMatchObject({ id: inspected.Id, name: "train._.alice" });

    // Inside, it is so as well.
    expect((await host.dockerExec("alice/train", "cat", "/data/hello")).output).toBe("from the host\n");
    expect((await host.dockerExec("alice/train", "id", "-u")).output).toBe("1000\n");
    expect((await host.dockerExec("alice/train", "touch", "/data/new")).exitCode).not.toBe(0);
  });

  it("must hold exactly the GPUs of its status, by UUID, and see no others", async () => {
    const { status } = await host.waitForReady("alice/train");
    const uuids = status.gpus.map(({ uuid }) => uuid);
    const all = readGpuState(host.engine.gpuState).gpus.map(({ uuid }) => uuid);
    expect(new Set(uuids).size).toBe(2);
    expect(all).toEqual(expect.arrayContaining(uuids));

    const inspected = await host.dockerInspect("alice/train");
    expect(inspected.HostConfig.DeviceRequests).toHaveLength(1);
    expect(requestedDevices(inspected)).toEqual(uuids);
    expect(inspected.HostConfig.DeviceRequests?.[0]?.Count).toBe(0);

    const listed = (await host.dockerExec("alice/train", "nvidia-smi", "-L")).output;
    expect(all.filter((uuid) => listed.includes(uuid)).toSorted()).toEqual(uuids.toSorted());

    const gpus = await host.gpus();
    for (const { slot, uuid } of status.gpus) {
      expect(gpus.get(slot)).toMatchObject({
        spec: { uuid },
        status: { state: "Allocated", holder: { namespace: "alice", name: "train" } },
      });
    }
    expect([...gpus.values()].filter((gpu) => gpu.status.state === "Free")).toHaveLength(2);
  });

  it("must see no GPU when it asks for none, whatever its image bakes in", async () => {
    host.drop("users/bob/plain.yaml", containerSpec("plain"));
    host.drop("users/bob/cuda.yaml", containerSpec("cuda", { image: "bed/cuda:1", gpus: { count: 0 } }));
    for (const key of ["bob/plain", "bob/cuda"]) {
      const object = await host.waitForReady(key);
      expect(object.status.gpus).toEqual([]);
      expect(conditionOf(object, "GpuAllocated")).toMatchObject({ status: "True", reason: "NotRequested" });
      const { Config, HostConfig } = await host.dockerInspect(key);
      const visible = (Config.Env ?? []).filter((entry) => entry.startsWith("NVIDIA_VISIBLE_DEVICES="));
      expect(visible).toEqual(["NVIDIA_VISIBLE_DEVICES=void"]);
      expect(HostConfig.DeviceRequests ?? []).toEqual([]);
      expect((await host.dockerExec(key, "sh", "-c", "ls /dev | grep -c nvidia")).output).toBe("0\n");
    }
    await expect
      .poll(async () => host.ds01("logs", "cuda", "-n", "bob"))
      .toMatchObject({ code: 0, stdout: "no GPU visible\n" });
  });

  it("must run as the owner's account when it says so, and wait where there is none", async () => {
    host.drop("users/nobody/mine.yaml", containerSpec("mine", { user: "owner" }));
    host.drop("users/bob/mine.yaml", containerSpec("mine", { user: "owner" }));
    await host.waitForReady("nobody/mine");
    expect((await host.dockerExec("nobody/mine", "id", "-u")).output).toBe("65534\n");
    await host.waitForPending("bob/mine", "UnknownUser");
    expect(await host.containersOf("bob/mine")).toEqual([]);
  });

  it("must not set what ds01 sets", async () => {
    host.drop(
      "users/bob/greedy.yaml",
      containerSpec("greedy", { env: [{ name: "NVIDIA_VISIBLE_DEVICES", value: "all" }] }),
    );
    const object = await host.waitForPhase("bob/greedy", "Failed");
    expect(conditionOf(object, "Accepted")).toMatchObject({ status: "False", reason: "SpecInvalid" });
    expect(object.status.message).toContain("is set by ds01");
    expect(await host.containersOf("bob/greedy")).toEqual([]);
  });
});
