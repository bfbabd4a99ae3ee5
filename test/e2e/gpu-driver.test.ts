import { afterEach, describe, expect, it } from "vitest";
import { readGpuState, updateGpuState } from "../bed/nvidia/state.ts";
import { conditionOf, dockerName, requestedDevices, startHost } from "./host.ts";
import type { ContainerObject, Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

const noDriver = { mode: "nodriver" } as const;
const driverWords = "couldn't communicate with the NVIDIA driver";
const gpu = { gpus: { count: 1 } };
const waits = ({ status }: ContainerObject): boolean => status.reason === "GpuStackNotReady";

describe("a host whose NVIDIA driver is not loaded at boot", () => {
  let host: Host;
  const load = (): void => void updateGpuState(host.engine.gpuState, (state) => void delete state.fault);
  const idOf = async (key: string): Promise<string> => (await host.dockerInspect(key)).Id;

  afterEach(async () => host.stop());

  it.each(["auto", "nvidia"] as const)(
    "must run what needs no GPU, tell what needs one why it waits, and start it once the driver is there (--gpus %s)",
    async (gpus) => {
      host = await startHost({
        name: `driver-${gpus}`,
        nvidia: "2xA100-80GB",
        gpus,
        nvidiaFault: noDriver,
        files: {
          "users/alice/train.yaml": containerSpec("train", gpu),
          "users/alice/web.yaml": containerSpec("web"),
        },
      });
      const web = await host.waitForReady("alice/web");
      const train = await host.waitForObject("alice/train", "waiting for the driver", waits);
      expect(train.status).toMatchObject({ phase: "Pending", gpus: [], queue: { position: 1, of: 1 } });
      expect(train.status.message).toContain(driverWords);
      expect(train.status.message).toContain("an admin runs `nvidia-smi` and `ds01 doctor`");
      expect(conditionOf(train, "GpuAllocated")).toMatchObject({
        status: "False",
        reason: "GpuStackNotReady",
      });
      expect((await host.ds01("describe", "container", "train")).stdout).toContain(driverWords);
      const doctor = await host.ds01("doctor");
      expect(doctor).toMatchObject({ code: 1 });
      expect(doctor.stdout).toMatch(/FAIL +GpuStackReady +nvidia-smi [^\n]+\n +run nvidia-smi by hand/);
      expect(await host.containersOf("alice/train")).toEqual([]);
      expect(await host.containersOf("alice/web")).toHaveLength(1);

      const uuids = readGpuState(host.engine.gpuState).gpus.map(({ uuid }) => uuid);
      load();
      const started = await host.waitForReady("alice/train");
      expect(uuids).toContain(started.status.gpus[0]?.uuid);
      expect(requestedDevices(await host.dockerInspect("alice/train"))).toEqual([
        started.status.gpus[0]?.uuid,
      ]);
      const after = await host.waitForReady("alice/web");
      expect(after.status.container).toEqual(web.status.container);
      expect(after.status.restarts).toBe(0);
      // One create and one start each: nothing was tried in vain, nothing made twice.
      const calls = host.proxy.mutations().map((one) => one.split("/").at(-1) ?? "");
      expect(calls.toSorted()).toEqual(["create", "create", "start", "start"]);
    },
  );

  it("must keep the GPU of what ran before the boot for it, and start it again on that one", async () => {
    host = await startHost({
      name: "driver-reboot",
      nvidia: "A100-80GB",
      gpus: "auto",
      files: {
        "users/alice/train.yaml": containerSpec("train", gpu),
        "users/alice/web.yaml": containerSpec("web"),
      },
    });
    const before = await host.waitForReady("alice/train");
    await host.waitForReady("alice/web");
    const ids = await Promise.all(["alice/train", "alice/web"].map(idOf));
    await host.controller.end("SIGKILL");
    for (const key of ["alice/train", "alice/web"])
      await host.engine.docker.getContainer(dockerName(key)).kill();
    await host.engine.kill("TERM");
    updateGpuState(host.engine.gpuState, (state) => void (state.fault = noDriver));
    await host.engine.start();
    host.drop("users/bob/next.yaml", containerSpec("next", gpu));
    host.proxy.clear();
    await host.startController();

    await host.waitForReady("alice/web");
    await host.waitForObject("bob/next", "waiting for the driver", waits);
    const down = await host.waitForObject(
      "alice/train",
      "told of the driver",
      ({ status }) => status.phase !== "Running" && status.reason === "DriverNotLoaded",
    );
    expect(down.status.message).toContain("driver not loaded");
    expect(await host.containersOf("bob/next")).toEqual([]);

    load();
    const after = await host.waitForReady("alice/train");
    expect(after.status.gpus).toEqual(before.status.gpus);
    const behind = await host.waitForObject(
      "bob/next",
      "behind who has the GPU",
      ({ status }) => status.reason === "WaitingForDevices",
    );
    expect(behind.status.message).toContain("alice/train");
    expect(await Promise.all(["alice/train", "alice/web"].map(idOf))).toEqual(ids);
    expect(host.proxy.mutations().filter((one) => !one.endsWith("/start"))).toEqual([]);
  });
});
