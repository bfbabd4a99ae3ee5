import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readGpuState } from "../bed/nvidia/state.ts";
import { otherEngine } from "../bed/requirements.ts";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

const small = { gpus: { count: 1 }, resources: { memory: "64Mi" } };
const large = { gpus: { count: 1 }, resources: { memory: "96Mi" } };

describe.skipIf(otherEngine === "")("an engine that has CDI itself (28.2 or newer)", () => {
  const folder = mkdtempSync(join(tmpdir(), "ds01-cdi-"));
  let host: Host;

  beforeAll(async () => {
    host = await startHost({
      name: "cdi-engine",
      nvidia: "2xA100-80GB",
      gpus: `nvidia,cdi:${folder}`,
      dockerdArguments: ["--cdi-spec-dir", folder],
    });
  });
  afterAll(async () => {
    await host.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const labelOf = async (key: string): Promise<string | undefined> =>
    (await host.dockerInspect(key)).Config.Labels["ds01.injection"];

  function writeCdiFile(
    kind: string,
    nodes: Readonly<Record<string, { path: string; major: number; minor: number }>>,
  ): void {
    const devices = Object.entries(nodes).map(([name, node]) => ({
      name,
      containerEdits: { deviceNodes: [{ type: "c", ...node }] },
    }));
    writeFileSync(
      join(folder, `${kind.replace("/", "-")}.json`),
      JSON.stringify({ cdiVersion: "0.5.0", kind, devices }),
    );
  }

  it("must pass devices in by CDI as soon as their file is written, and leave what exists alone", async () => {
    host.drop("users/alice/hooked.yaml", containerSpec("hooked", small));
    await host.waitForReady("alice/hooked");
    expect(await labelOf("alice/hooked")).toBe("hook");

    const { gpus } = readGpuState(host.engine.gpuState);
    const nodes = gpus.map(
      ({ uuid }, minor) => [uuid, { path: `/dev/nvidia${minor}`, major: 195, minor }] as const,
    );
    writeCdiFile("nvidia.com/gpu", Object.fromEntries(nodes));
    writeCdiFile("amd.com/gpu", { "0": { path: "/dev/kfd", major: 1, minor: 3 } });
    const info = async (): Promise<string> => JSON.stringify(await host.engine.docker.info());
    await expect.poll(info).toContain("nvidia.com/gpu=GPU-");

    host.drop("users/alice/listed.yaml", containerSpec("listed", small));
    const { status } = await host.waitForReady("alice/listed");
    const inspected = await host.dockerInspect("alice/listed");
    expect(inspected.HostConfig.DeviceRequests).toMatchObject([
      { Driver: "cdi", DeviceIDs: [`nvidia.com/gpu=${status.gpus[0]!.uuid}`] },
    ]);
    const seen = await host.dockerExec("alice/listed", "sh", "-c", "ls /dev | grep nvidia");
    expect(seen.output).toBe(`nvidia${status.gpus[0]!.slot}\n`);
    host.drop("users/alice/listed.yaml", containerSpec("listed", large));
    const memory = async (): Promise<number> =>
      (await host.dockerInspect("alice/listed")).HostConfig.Memory ?? 0;
    await expect.poll(memory).toBe(96 * 1024 ** 2);
    expect((await host.dockerInspect("alice/listed")).Id).toBe(inspected.Id);

    await host.restartController();
    for (const key of ["alice/hooked", "alice/listed"]) await host.waitForReady(key);
    expect(host.proxy.mutations()).toEqual([]);
    expect(await labelOf("alice/hooked")).toBe("hook");
    expect((await host.ds01("doctor")).stdout).toMatch(
      /ok +GpuInjection +CDI: Docker [0-9.]+\S* lists all 2 devices/,
    );
  });

  it("must pass in the device of another vendor", async () => {
    host.drop(
      "users/bob/red.yaml",
      containerSpec("red", { accelerators: { kind: "amd.com/gpu", count: 1 } }),
    );
    await host.waitForReady("bob/red");
    expect((await host.dockerExec("bob/red", "sh", "-c", "ls /dev | grep kfd")).output).toBe("kfd\n");
  });
});
