import { appendFileSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readGpuState } from "../bed/nvidia/state.ts";
import { requestedDevices, startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

const job = { gpus: { count: 1 }, restartPolicy: "Never", stopGracePeriod: "1s" };
const service = { ...job, restartPolicy: "Always" };

describe("work on a GPU that fails, where it is to move", () => {
  let host: Host;
  let directory: string;
  let kernelLog: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(realpathSync(tmpdir()), "ds01-move-"));
    kernelLog = join(directory, "kern.log");
    writeFileSync(kernelLog, "");
    host = await startHost({
      name: "failing-work",
      nvidia: "4xA100-80GB",
      configuration: `trust: path\nhealth: { kernelLog: ${kernelLog}, onUnhealthy: move }\n`,
    });
  });
  afterAll(async () => {
    await host.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const tell = (uuid: string, code: number, text: string): void => {
    const { busId } = readGpuState(host.engine.gpuState).gpus.find((gpu) => gpu.uuid === uuid)!;
    const address = busId.toLowerCase().replace(/^0000/, "").replace(/\.0$/, "");
    appendFileSync(kernelLog, `<4>NVRM: Xid (PCI:${address}): ${code}, pid=1896, ${text}\n`);
  };

  it("must come up on another GPU after an XID that needs a reset, with the cause in its own events", async () => {
    host.drop("users/alice/job.yaml", containerSpec("job", job));
    const before = await host.waitForReady("alice/job");
    const { slot, uuid } = before.status.gpus[0]!;
    tell(uuid, 95, "Uncontained: LTC TAG (0x2,0x0). RST: Yes, D-RST: No");
    const after = await host.waitForAnother("alice/job", before.status.container?.id);
    expect(after.status.gpus[0]!.uuid).not.toBe(uuid);
    expect(requestedDevices(await host.dockerInspect("alice/job"))).toEqual([after.status.gpus[0]!.uuid]);
    expect(await host.containersOf("alice/job")).toHaveLength(1);
    const cause = `GPU ${slot} is unhealthy: XID 95 (Uncontained memory error) at `;
    const events = await host.events("alice/job");
    const told = events.filter(({ message }) => message.includes(cause)).map(({ reason }) => reason);
    expect(told).toEqual(expect.arrayContaining(["Recreating", "Stopping"]));
    // Its owner sees the failure of the GPU itself among the events of the container.
    expect(events).toContainEqual(
      expect.objectContaining({
        type: "Warning",
        reason: "GpuUnhealthy",
        message: expect.stringContaining(`GPU ${slot}: XID 95`) as string,
      }),
    );
    expect((await host.ds01("describe", "container", "job", "-n", "alice")).stdout).toContain("XID 95");
    const sick = await host.waitForGpu(slot, "left", ({ status }) => status.holder === null);
    expect(sick.status).toMatchObject({ state: "Unhealthy", holder: null });
    host.drop("users/bob/next.yaml", containerSpec("next", job));
    expect((await host.waitForReady("bob/next")).status.gpus[0]!.uuid).not.toBe(uuid);
    await host.remove("alice/job", "bob/next");
  });

  it("must be left alone after an error of the program, which is told; its own exit decides: a service starts again there", async () => {
    host.drop("users/alice/service.yaml", containerSpec("service", service));
    const before = await host.waitForReady("alice/service");
    const { slot, uuid } = before.status.gpus[0]!;
    const { Id, State } = await host.dockerInspect("alice/service");
    host.proxy.clear();
    for (const code of [13, 31]) tell(uuid, code, "Ch 00000008, intr 00000000. MMU Fault");
    const event = await host.waitForEvent("alice/service", "XidReported");
    expect(event).toMatchObject({
      type: "Warning",
      message: expect.stringMatching(
        new RegExp(`^GPU ${slot}: XID (13|31) .*an error of the program that uses it`),
      ) as string,
    });
    expect((await host.gpus()).get(slot)?.status).toMatchObject({ state: "Allocated" });
    expect(host.proxy.mutations()).toEqual([]);
    expect((await host.dockerInspect("alice/service")).State.StartedAt).toBe(State.StartedAt);

    // What CUDA does to a program after such an error: it ends.
    await host.engine.docker.getContainer(Id).kill();
    const again = await host.waitForObject(
      "alice/service",
      "started again",
      ({ status }) => status.phase === "Running" && status.restarts === 1,
    );
    expect(again.status.gpus).toMatchObject([{ uuid }]);
    expect((await host.dockerInspect("alice/service")).Id).toBe(Id);
  });
});
