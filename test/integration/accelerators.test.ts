import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CdiFilesProvider } from "../../src/adapters/gpu/cdi-files.ts";
import { deviceProvider } from "../../src/adapters/gpu/registry.ts";
import { TpuProvider } from "../../src/adapters/gpu/tpu.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

let root: string;

beforeEach(() => {
  root = temporaryDirectory();
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function node(path: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  execFileSync("mknod", [join(root, path), "c", "1", "3"]);
}

function file(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

describe("TPUs of a host", () => {
  it("are its accel nodes, in order, and nothing that only looks like one", async () => {
    for (const name of ["accel10", "accel2", "accel0", "accelerator"]) node(`dev/${name}`);
    file("dev/accel7", "a file");
    const { ready, devices } = await new TpuProvider(root).discover();
    expect(ready).toBe(true);
    expect(devices.map(({ uuid, slot, kind, gpuEquivalents }) => [uuid, slot, kind, gpuEquivalents])).toEqual(
      [
        ["TPU-accel0", "tpu-0", "tpu", 1],
        ["TPU-accel2", "tpu-2", "tpu", 1],
        ["TPU-accel10", "tpu-10", "tpu", 1],
      ],
    );
  });

  it("are those IOMMU groups that have a device of Google's in them", async () => {
    for (const name of ["0", "1", "2", "vfio"]) node(`dev/vfio/${name}`);
    file("sys/kernel/iommu_groups/0/devices/0000:00:04.0/vendor", "0x1ae0\n");
    file("sys/kernel/iommu_groups/1/devices/0000:00:05.0/vendor", "0x10de\n");
    const provider = new TpuProvider(root);
    const { devices } = await provider.discover();
    expect(devices.map(({ uuid }) => uuid)).toEqual(["TPU-vfio-0"]);
    expect(provider.attach(devices)).toEqual({
      injection: "devices",
      environment: { NVIDIA_VISIBLE_DEVICES: "void", PJRT_DEVICE: "TPU" },
      deviceRequests: [],
      nodes: [
        { uuid: "TPU-vfio-0", pathOnHost: join(root, "dev/vfio/0"), pathInContainer: "/dev/vfio/0" },
        { uuid: null, pathOnHost: join(root, "dev/vfio/vfio"), pathInContainer: "/dev/vfio/vfio" },
      ],
      runtime: null,
    });
  });

  it("are none on a host without", async () => {
    expect(await new TpuProvider(root).discover()).toMatchObject({ ready: true, devices: [] });
  });
});

describe("devices of CDI files", () => {
  it("are those of every vendor but NVIDIA, each once, without the names for all or none", async () => {
    file(
      "cdi/amd.json",
      JSON.stringify({
        cdiVersion: "0.6.0",
        kind: "amd.com/gpu",
        devices: [{ name: "10" }, { name: "2" }, { name: "all" }],
      }),
    );
    file("cdi/intel.yaml", "cdiVersion: 0.5.0\nkind: intel.com/gpu\ndevices:\n- name: card0\n- name: none\n");
    file("cdi/nvidia.yaml", "kind: nvidia.com/gpu\ndevices: [{name: 0}]\n");
    file("cdi/notes.txt", "not one of them");
    const provider = new CdiFilesProvider([join(root, "nowhere"), join(root, "cdi")]);
    const { ready, devices } = await provider.discover();
    expect(ready).toBe(true);
    expect(devices.map(({ uuid, slot, kind }) => [uuid, slot, kind])).toEqual([
      ["amd.com/gpu=2", "amd-gpu-2", "amd.com/gpu"],
      ["amd.com/gpu=10", "amd-gpu-10", "amd.com/gpu"],
      ["intel.com/gpu=card0", "intel-gpu-card0", "intel.com/gpu"],
    ]);
    expect(provider.attach(devices.slice(0, 2))).toMatchObject({
      injection: "cdi",
      environment: { NVIDIA_VISIBLE_DEVICES: "void" },
      deviceRequests: [{ driver: "cdi", deviceIds: ["amd.com/gpu=2", "amd.com/gpu=10"] }],
    });
  });

  it("are given to nobody while their file is wrong or half written; those of other files are", async () => {
    file("cdi/amd.yaml", "kind: amd.com/gpu\ndevices: [{name: 0}]\n");
    file("cdi/intel.yaml", "kind: intel.com/gpu\ndevices: [{name: 0}]\n");
    const provider = new CdiFilesProvider([join(root, "cdi")]);
    expect(await provider.discover()).not.toHaveProperty("problems");
    for (const text of ["", "kind: amd.com/gpu\ndevices: [{na", "kind: gpu\ndevices: []"]) {
      file("cdi/amd.yaml", text);
      const path = join(root, "cdi/amd.yaml");
      expect(await provider.discover()).toMatchObject({
        ready: true,
        devices: [
          { uuid: "amd.com/gpu=0", healthy: false, unhealthyReason: expect.stringContaining(path) as string },
          { uuid: "intel.com/gpu=0", healthy: true },
        ],
        problems: [{ source: path, message: expect.not.stringContaining("\n") as string }],
      });
    }
    // Another file that defines it is enough.
    file("cdi/amd-again.yaml", "kind: amd.com/gpu\ndevices: [{name: 0}]\n");
    expect((await provider.discover()).devices).toMatchObject([{ healthy: true }, { healthy: true }]);
    rmSync(join(root, "cdi/amd-again.yaml"));
    rmSync(join(root, "cdi/amd.yaml"));
    const gone = await provider.discover();
    expect(gone.devices).toMatchObject([{ uuid: "intel.com/gpu=0" }]);
    expect(gone).not.toHaveProperty("problems");
  });

  it("of a folder that cannot be read are given to nobody, and come back with it", async () => {
    file("cdi/amd.yaml", "kind: amd.com/gpu\ndevices: [{name: 0}]\n");
    file("other/intel.yaml", "kind: intel.com/gpu\ndevices: [{name: 0}]\n");
    const provider = new CdiFilesProvider([join(root, "cdi"), join(root, "other")]);
    const before = await provider.discover();
    rmSync(join(root, "cdi"), { recursive: true });
    file("cdi", "not a folder");
    expect(await provider.discover()).toMatchObject({
      ready: true,
      devices: [
        { uuid: "amd.com/gpu=0", healthy: false },
        { uuid: "intel.com/gpu=0", healthy: true },
      ],
      problems: [{ source: join(root, "cdi") }],
    });
    rmSync(join(root, "cdi"));
    file("cdi/amd.yaml", "kind: amd.com/gpu\ndevices: [{name: 0}]\n");
    expect(await provider.discover()).toEqual(before);
  });

  it("have slots that differ where vendors look alike", async () => {
    file("cdi/a.yaml", "kind: acme.com/gpu\ndevices: [{name: 0}]\n");
    file("cdi/b.yaml", "kind: acme.org/gpu\ndevices: [{name: 0}]\n");
    const { devices } = await new CdiFilesProvider([join(root, "cdi")]).discover();
    expect(devices.map(({ slot }) => slot)).toEqual(["acme.com-gpu-0", "acme.org-gpu-0"]);
  });
});

describe("several providers at once", () => {
  it("give one inventory, and each attaches its own", async () => {
    file("gpus.yaml", "gpus:\n  - {index: 0, model: NVIDIA L40S, memory: 48Gi}\n");
    file("cdi/amd.yaml", "kind: amd.com/gpu\ndevices: [{name: 0}]\n");
    node("dev/accel0");
    const words = `simulated:${join(root, "gpus.yaml")},tpu:${root},cdi:${join(root, "cdi")}`;
    const provider = deviceProvider(words, { userName: async () => null });
    const { ready, devices } = await provider.discover();
    expect(ready).toBe(true);
    expect(devices.map(({ slot }) => slot)).toEqual(["0", "tpu-0", "amd-gpu-0"]);
    expect(devices.map((device) => provider.attach([device]).injection)).toEqual([
      "simulated",
      "devices",
      "cdi",
    ]);
    expect(provider.attach([]).injection).toBe("none");
    file("cdi/broken.yaml", "kind: intel.com/gpu\ndevices: 3\n");
    const { problems, ...others } = await provider.discover();
    expect(problems).toMatchObject([{ source: join(root, "cdi/broken.yaml") }]);
    expect(others).toMatchObject({
      ready: true,
      devices: [{ slot: "0" }, { slot: "tpu-0" }, { slot: "amd-gpu-0" }],
    });
    file("gpus.yaml", "nonsense");
    expect(await provider.discover()).toMatchObject({
      ready: false,
      message: expect.stringContaining("gpus.yaml") as string,
    });
  });

  it("may be there without GPUs", async () => {
    node("dev/accel0");
    const provider = deviceProvider(`tpu:${root}`, { userName: async () => null });
    expect((await provider.discover()).devices.map(({ slot }) => slot)).toEqual(["tpu-0"]);
  });

  it.each(["nvidia,amd", "tpu,nvidia", "cdis"])("are refused when one is not known: %s", (words) => {
    expect(() => deviceProvider(words, { userName: async () => null })).toThrow(
      /with a comma also tpu or cdi/,
    );
  });
});
