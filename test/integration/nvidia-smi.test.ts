import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { installNvidiaSmi } from "../bed/nvidia/install.ts";
import { createGpuState, readGpuState, setMigLayout, updateGpuState } from "../bed/nvidia/state.ts";
import type { SimulatedGpu } from "../bed/nvidia/state.ts";
import { waitFor } from "../bed/wait-for.ts";

const folder = mkdtempSync(join(tmpdir(), "ds01-smi-"));
const statePath = join(folder, "gpu.json");

interface Call {
  readonly code: number | string;
  readonly stdout: string;
}

async function smi(...words: string[]): Promise<Call> {
  try {
    const { stdout } = await promisify(execFile)(join(folder, "nvidia-smi"), words);
    return { code: 0, stdout };
  } catch (error) {
    const failed = error as Error & { code: number; stdout: string };
    return { code: failed.code, stdout: failed.stdout };
  }
}

async function cells(fields: string, ...more: string[]): Promise<string[][]> {
  const { stdout } = await smi(`--query-gpu=${fields}`, "--format=csv,noheader,nounits", ...more);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.split(", "));
}

function gpuAt(index: number): SimulatedGpu {
  const gpu = readGpuState(statePath).gpus[index];
  if (gpu === undefined) throw new Error(`no GPU ${index}`);
  return gpu;
}

function changeGpu(index: number, changes: Partial<SimulatedGpu>): void {
  updateGpuState(statePath, (state) => void Object.assign(state.gpus[index] ?? {}, changes));
}

beforeAll(() => installNvidiaSmi(folder, statePath));
beforeEach(() => void createGpuState(statePath, "A100-80GB:3g.40gb+2g.20gb+1g.10gb+me 2xA100-80GB RTX4090"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("the stand-in nvidia-smi prints", () => {
  test("-L with slices under their card", async () => {
    const { stdout } = await smi("-L");
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(7);
    expect(lines[0]).toMatch(/^GPU 0: NVIDIA A100-SXM4-80GB \(UUID: GPU-[0-9a-f-]{36}\)$/);
    expect(lines[1]).toMatch(/^ {2}MIG 3g\.40gb {5}Device {2}0: \(UUID: MIG-[0-9a-f-]{36}\)$/);
    expect(lines[3]).toMatch(/^ {2}MIG 1g\.10gb\+me {2}Device {2}2: \(UUID: MIG-[0-9a-f-]{36}\)$/);
  });

  test("--query-gpu with header and units, and none of them when asked so", async () => {
    const query = "--query-gpu=index,gpu_uuid,memory.total,utilization.gpu,power.draw";
    const full = await smi(query, "--format=csv", "-i", "1");
    expect(full.stdout).toBe(
      `index, uuid, memory.total [MiB], utilization.gpu [%], power.draw [W]\n1, ${gpuAt(1).uuid}, 81920 MiB, 0 %, 62.50 W\n`,
    );
    expect(
      await cells("index,gpu_uuid,memory.total,utilization.gpu,power.draw", `--id=${gpuAt(1).uuid}`),
    ).toEqual([["1", gpuAt(1).uuid, "81920", "0", "62.50"]]);
  });

  test("[N/A] where a partitioned or a consumer card has nothing to say", async () => {
    const rows = await cells(
      "utilization.gpu,remapped_rows.pending,mig.mode.current,ecc.mode.current,temperature.memory,display_mode",
    );
    expect(rows[0]?.slice(0, 4)).toEqual(["[N/A]", "[N/A]", "Enabled", "Enabled"]);
    expect(rows[1]?.slice(0, 4)).toEqual(["0", "No", "Disabled", "Enabled"]);
    expect(rows[3]).toEqual([
      "0",
      "[N/A]",
      "[N/A]",
      "[N/A]",
      "N/A",
      "[Requested functionality has been deprecated]",
    ]);
  });

  test("processes with the parent's UUID, and the slice only in the XML", async () => {
    changeGpu(0, { processes: [{ pid: 4242, name: "python", memoryMiB: 7484, type: "C", gpuInstance: 3 }] });
    changeGpu(3, { processes: [{ pid: 77, name: "Xorg", memoryMiB: 90, type: "G" }] });
    const { stdout } = await smi(
      "--query-compute-apps=gpu_uuid,pid,process_name,used_gpu_memory",
      "--format=csv",
    );
    expect(stdout).toBe(
      `gpu_uuid, pid, process_name, used_gpu_memory [MiB]\n${gpuAt(0).uuid}, 4242, python, 7484 MiB\n`,
    );
    const xml = (await smi("-q", "-x")).stdout;
    expect(xml).toContain('<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">');
    expect(xml).toMatch(
      /<gpu_instance_id>3<\/gpu_instance_id>\s*<compute_instance_id>0<\/compute_instance_id>\s*<pid>4242</,
    );
    expect(xml).toMatch(/<type>G<\/type>\s*<process_name>Xorg</);
    expect(xml).not.toContain("MIG-");
    expect(xml.match(/<mig_device>/g)).toHaveLength(3);
    expect(xml.match(/<mig_devices>None</g)).toHaveLength(3);
    expect(await cells("memory.used", "-i", "0,3")).toEqual([["7534"], ["92"]]);
  });

  test("the MIG tables, in the widths of the real ones", async () => {
    const instances = (await smi("mig", "-lgi")).stdout.split("\n");
    expect(instances[0]).toHaveLength(54);
    expect(instances).toContain("|   0  MIG 2g.20gb      14        3          4:2     |");
    const compute = (await smi("mig", "-lci")).stdout.split("\n");
    expect(compute[0]).toHaveLength(70);
    expect(new Set(compute.filter(Boolean).map((line) => line.length)).size).toBe(1);
    const profiles = (await smi("mig", "-lgip")).stdout;
    expect(profiles).toMatch(/\| {3}0 {2}MIG 1g\.10gb {7}19 {5}0\/7 /);
    expect((await smi("mig", "-lgipp")).stdout).toContain("GPU  0 Profile ID  9 Placements: {0,4}:4\n");
    expect(await smi("mig", "-lgi", "-i", "3")).toEqual({
      code: 6,
      stdout: "No MIG-enabled devices found.\n",
    });
  });

  test("topo -m with its escape codes, --version and --help-query-gpu", async () => {
    const matrix = (await smi("topo", "-m")).stdout.split("\n");
    expect(matrix[0]).toBe(
      "\t\u001b[4mGPU0\tGPU1\tGPU2\tGPU3\tCPU Affinity\tNUMA Affinity\tGPU NUMA ID\u001b[0m",
    );
    expect(matrix[1]).toBe("GPU0\t X \tNV12\tNV12\tNODE\t0-15,32-47\t0\t\tN/A");
    expect((await smi("--version")).stdout).toContain("DRIVER version      : 570.133.20\n");
    expect((await smi("--help-query-gpu")).stdout).toContain('"uuid" or "gpu_uuid"\n');
  });
});

describe("the stand-in nvidia-smi fails as the real one", () => {
  test("on a field the driver does not know", async () => {
    expect(await smi("--query-gpu=index,nonsense", "--format=csv")).toEqual({
      code: 2,
      stdout: 'Field "nonsense" is not a valid field to query.\n\n',
    });
    updateGpuState(statePath, (state) => void (state.driverVersion = "535.183.06"));
    expect((await smi("--query-gpu=gpu_recovery_action", "--format=csv")).code).toBe(2);
    expect((await smi("--help-query-gpu")).stdout).not.toContain("gpu_recovery_action");
  });

  test("when a card is lost: still listed, its cells dead; or no handle at all", async () => {
    changeGpu(1, { lost: "field" });
    expect((await smi("-L")).stdout).toContain(gpuAt(1).uuid);
    expect(await cells("uuid,memory.used,temperature.gpu", "-i", "1")).toEqual([
      [gpuAt(1).uuid, "[GPU is lost]", "[GPU is lost]"],
    ]);
    changeGpu(1, { lost: "handle" });
    expect(await smi("-L")).toMatchObject({
      code: 15,
      stdout: expect.stringContaining("Unable to determine the device handle"),
    });
    changeGpu(1, { lost: "unknown" });
    expect(await smi("-L")).toMatchObject({ code: 255, stdout: expect.stringContaining("Unknown Error") });
  });

  test("when a card is gone: the later indices move down, the UUIDs stay", async () => {
    const before = await cells("index,uuid");
    changeGpu(1, { gone: true });
    expect(await cells("index,uuid")).toEqual([before[0], ["1", before[2]?.[1]], ["2", before[3]?.[1]]]);
    for (const index of [0, 2, 3]) changeGpu(index, { gone: true });
    expect(await smi("-L")).toEqual({ code: 6, stdout: "No devices were found\n" });
  });

  test.each([
    ["nodriver", 9, "couldn't communicate with the NVIDIA driver"],
    ["mismatch", 18, "Driver/library version mismatch"],
  ] as const)("by %s", async (mode, code, words) => {
    updateGpuState(statePath, (state) => void (state.fault = { mode }));
    expect(await smi("-L")).toMatchObject({ code, stdout: expect.stringContaining(words) });
  });

  test("by exit, garbage, nothing or half an answer, for the calls that match", async () => {
    const whole = (await smi("-L")).stdout;
    updateGpuState(
      statePath,
      (state) => void (state.fault = { mode: "exit", exitCode: 77, stdout: "odd\n", match: "^-L" }),
    );
    expect(await smi("-L")).toEqual({ code: 77, stdout: "odd\n" });
    expect((await smi("--version")).code).toBe(0);
    updateGpuState(statePath, (state) => void (state.fault = { mode: "garbage" }));
    expect((await smi("-L")).stdout).not.toMatch(/^GPU 0/);
    updateGpuState(statePath, (state) => void (state.fault = { mode: "empty" }));
    expect(await smi("-L")).toEqual({ code: 0, stdout: "" });
    updateGpuState(statePath, (state) => void (state.fault = { mode: "truncate" }));
    const half = (await smi("-L")).stdout;
    expect(whole.startsWith(half) && half.length > 0 && half.length < whole.length).toBe(true);
  });

  test("by answering late", async () => {
    updateGpuState(statePath, (state) => void (state.fault = { mode: "slow", delayMs: 300 }));
    const begun = performance.now();
    expect((await smi("-L")).code).toBe(0);
    expect(performance.now() - begun).toBeGreaterThan(300);
  });

  test("by hanging: deaf to SIGTERM until the fault is lifted, or killed", async () => {
    updateGpuState(statePath, (state) => void (state.fault = { mode: "hang" }));
    const calls = (): string[] => readFileSync(join(folder, "smi.log"), "utf8").trim().split("\n");
    const before = calls().length;
    const children = [0, 1].map(() =>
      spawn(join(folder, "nvidia-smi"), ["-L"], { stdio: ["ignore", "pipe", "ignore"] }),
    );
    const [freed, killed] = children;
    if (freed === undefined || killed === undefined) throw new Error("no children");
    let output = "";
    freed.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
    await waitFor("both calls to hang", () => calls().length === before + 2);
    for (const child of children) child.kill("SIGTERM");
    killed.kill("SIGKILL");
    await once(killed, "exit");
    expect(killed.signalCode).toBe("SIGKILL");
    updateGpuState(statePath, (state) => void delete state.fault);
    await once(freed, "close");
    expect(freed.exitCode).toBe(0);
    expect(output).toMatch(/^GPU 0/);
  });
});

describe("the state file", () => {
  test("gives the same UUIDs for the same spec, and others for another host", () => {
    const again = createGpuState(statePath, "2xH100");
    expect(createGpuState(statePath, "2xH100").gpus).toEqual(again.gpus);
    expect(createGpuState(statePath, "2xH100", "elsewhere").gpus[0]?.uuid).not.toBe(again.gpus[0]?.uuid);
  });

  test("refuses unknown models, unknown profiles and layouts that do not fit", () => {
    expect(() => createGpuState(statePath, "T800")).toThrow('no GPU model "T800": use one of A100-80GB');
    expect(() => createGpuState(statePath, "H100:9g.90gb")).toThrow("has no MIG profile");
    expect(() => createGpuState(statePath, "H100:3g.40gb+3g.40gb+1g.10gb")).toThrow("does not fit");
  });

  test("repartitions a card: a slice that comes back in its place keeps its UUID", () => {
    const before = gpuAt(0).migDevices;
    updateGpuState(statePath, (state) => state.gpus[0] && setMigLayout(state.gpus[0], "7g.80gb"));
    expect(gpuAt(0).migDevices.map((device) => device.profile)).toEqual(["7g.80gb"]);
    updateGpuState(statePath, (state) => state.gpus[0] && setMigLayout(state.gpus[0], "3g.40gb+2g.20gb"));
    expect(gpuAt(0).migDevices).toEqual(before.slice(0, 2));
  });

  test("may be edited by hand: --bed-flatten brings the hook's copy up to date", async () => {
    const state = readGpuState(statePath);
    writeFileSync(statePath, JSON.stringify({ ...state, gpus: state.gpus.slice(3) }));
    utimesSync(statePath, new Date(), new Date());
    await smi("--bed-flatten");
    expect(readFileSync(join(folder, "gpu.tsv"), "utf8")).toContain("gpu\t0\t");
    expect(readFileSync(join(folder, "gpu.tsv"), "utf8").match(/^gpu/gm)).toHaveLength(1);
  });
});

test("slices are cut by place and taken away in two steps, and neither where something is in the way", async () => {
  createGpuState(statePath, "A100-80GB:3g.40gb");
  const made = await smi("mig", "-i", gpuAt(0).uuid, "-cgi", "14:4", "-C");
  expect(made.code).toBe(0);
  expect(made.stdout).toContain(
    "Successfully created GPU instance ID  3 on GPU  0 using profile MIG 2g.20gb (ID 14)\n",
  );
  expect((await smi("-L")).stdout).toContain("MIG 2g.20gb     Device  1");
  const again = await smi("mig", "-i", "0", "-cgi", "14:4", "-C");
  expect(again.code).not.toBe(0);
  expect(again.stdout).toContain("Insufficient Resources");
  expect((await smi("mig", "-i", "0", "-dgi", "-gi", "3")).stdout).toContain("In use by another client");
  changeGpu(0, {
    processes: [{ pid: 1, name: "x", memoryMiB: 1, type: "C", gpuInstance: 3, computeInstance: 0 }],
  });
  expect((await smi("mig", "-i", "0", "-dci", "-gi", "3")).code).not.toBe(0);
  changeGpu(0, { processes: [] });
  expect((await smi("mig", "-i", "0", "-dci", "-gi", "3")).code).toBe(0);
  expect((await smi("-L")).stdout).not.toContain("2g.20gb");
  expect((await smi("mig", "-lgi")).stdout).toContain("4:2");
  expect((await smi("mig", "-i", "0", "-dgi", "-gi", "3")).code).toBe(0);
  expect((await smi("mig", "-lgi")).stdout).not.toContain("4:2");
});
