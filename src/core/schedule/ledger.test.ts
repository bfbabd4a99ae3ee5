import { describe, expect, test } from "vitest";
import { gpu, migGpu } from "../../../test/support/devices.ts";
import type { DeviceProcess, DeviceUsage } from "./device.ts";
import { computeLeases, type LedgerInput } from "./ledger.ts";
import type { ManagedClaim, UnmanagedClaim } from "./lease.ts";

const mi = 1024 ** 2;
const devices = [gpu(0), gpu(1), ...migGpu(2, ["3g.40gb", "2g.20gb"])];

function ledger(input: Partial<LedgerInput>): string[] {
  return computeLeases({ devices, managed: [], unmanaged: [], usage: new Map(), ...input }).map((lease) => {
    const { holder } = lease;
    const who =
      holder.type === "object"
        ? holder.name
        : holder.type === "unmanaged"
          ? holder.containerName
          : holder.type === "process"
            ? holder.pid
            : holder.name;
    return `${lease.deviceUuid} ${lease.state} ${who}`;
  });
}

function managed(name: string, deviceUuids: string[], change: Partial<ManagedClaim> = {}): ManagedClaim {
  const claim = { uid: name, namespace: "alice", name, deviceUuids, containerIds: [`id-${name}`] };
  return { ...claim, state: "Allocated", until: null, untilCause: null, ...change };
}

function unmanaged(ids: string[], all = false): UnmanagedClaim {
  const known = { owner: null, origin: "docker" };
  return { containerName: "stranger", containerId: "id-stranger", ...known, all, ids };
}

function usage(
  uuid: string,
  processes: Partial<DeviceProcess>[],
  memoryUsedBytes = 0,
): Map<string, DeviceUsage> {
  const full = processes.map((process) => ({
    pid: 7,
    name: "python",
    user: "dave",
    containerId: null,
    ...process,
  }));
  return new Map([[uuid, { memoryUsedBytes, utilizationPercent: 0, processes: full }]]);
}

describe("the ledger", () => {
  test("is empty when nothing is claimed or used", () => {
    expect(ledger({})).toEqual([]);
  });

  test("lists a managed container with state and end", () => {
    const claim = managed("train", ["GPU-1"], { state: "Held", until: 9, untilCause: "holdGpuAfterStop" });
    expect(computeLeases({ devices, managed: [claim], unmanaged: [], usage: new Map() })).toEqual([
      {
        deviceUuid: "GPU-1",
        holder: { type: "object", uid: "train", namespace: "alice", name: "train" },
        state: "Held",
        until: 9,
        untilCause: "holdGpuAfterStop",
      },
    ]);
  });

  test("has one lease for the two containers of one uid during a recreate", () => {
    expect(
      ledger({ managed: [managed("train", ["GPU-0"], { state: "Held" }), managed("train", ["GPU-0"])] }),
    ).toEqual(["GPU-0 Allocated train"]);
  });

  test.each([
    [["1"], ["GPU-1"]],
    [["2:1"], ["MIG-2-1"]],
    [["gpu-0"], ["GPU-0"]],
    [["nvidia.com/gpu=0"], ["GPU-0"]],
    [["nvidia.com/gpu=mig2:0"], ["MIG-2-0"]],
    [["2"], ["GPU-2", "MIG-2-0", "MIG-2-1"]],
    [["none", "void", ""], []],
    [["9"], ["9"]],
  ])("resolves an unmanaged container's %j", (ids, uuids) => {
    expect(ledger({ unmanaged: [unmanaged(ids)] })).toEqual(uuids.map((uuid) => `${uuid} InUse stranger`));
  });

  test("gives everything to an unmanaged container that sees all GPUs", () => {
    expect(ledger({ unmanaged: [unmanaged([], true)] })).toEqual(
      devices.map((device) => `${device.uuid} InUse stranger`),
    );
  });

  test("keeps the lease of a device that has vanished", () => {
    expect(ledger({ managed: [managed("train", ["GPU-gone"])] })).toEqual(["GPU-gone Allocated train"]);
  });

  test("does not take a process of the holder for a foreign one", () => {
    const input = {
      managed: [managed("train", ["GPU-0"])],
      usage: usage("GPU-0", [{ containerId: "id-train" }], 9000 * mi),
    };
    expect(ledger(input)).toEqual(["GPU-0 Allocated train"]);
  });

  test("names a host process beside the holder", () => {
    const input = { managed: [managed("train", ["GPU-0"])], usage: usage("GPU-0", [{ pid: 4121 }]) };
    expect(ledger(input)).toEqual(["GPU-0 Allocated train", "GPU-0 InUse 4121"]);
  });

  test("takes a process of a container that holds another device for foreign", () => {
    const input = {
      managed: [managed("train", ["GPU-0"])],
      usage: usage("GPU-1", [{ pid: 5, containerId: "id-train" }]),
    };
    expect(ledger(input)).toEqual(["GPU-0 Allocated train", "GPU-1 InUse 5"]);
  });

  test("doubts every slice when a foreign process is known only by the parent", () => {
    expect(ledger({ usage: usage("GPU-2", [{ pid: 5 }]) })).toEqual([
      "GPU-2 InUse 5",
      "MIG-2-0 InUse 5",
      "MIG-2-1 InUse 5",
    ]);
  });

  test("accepts a slice holder's process that is known only by the parent", () => {
    const input = {
      managed: [managed("train", ["MIG-2-0"])],
      usage: usage("GPU-2", [{ containerId: "id-train" }]),
    };
    expect(ledger(input)).toEqual(["MIG-2-0 Allocated train"]);
  });

  test("calls a process of a container that claims nothing by that container", () => {
    const containerById = (id: string) =>
      id === "id-web" ? { id, name: "llm-web-1", owner: "dave", origin: "compose llm" } : undefined;
    const seen = usage("GPU-0", [
      { pid: 5, containerId: "id-web" },
      { pid: 6, containerId: "id-web" },
    ]);
    expect(computeLeases({ devices, managed: [], unmanaged: [], usage: seen, containerById })).toEqual([
      {
        deviceUuid: "GPU-0",
        holder: {
          type: "unmanaged",
          containerName: "llm-web-1",
          containerId: "id-web",
          owner: "dave",
          origin: "compose llm",
        },
        state: "InUse",
        until: null,
        untilCause: null,
      },
    ]);
  });

  test("names a container that another engine made by its id, and who runs it", () => {
    const id = "0123456789abcdef".repeat(4);
    const [lease] = computeLeases({
      devices,
      managed: [],
      unmanaged: [],
      usage: usage("GPU-0", [{ containerId: id }]),
    });
    expect(lease?.holder).toMatchObject({
      type: "unmanaged",
      containerName: "0123456789ab",
      owner: "dave",
      origin: "not of this engine",
    });
  });

  test("knows a process in a container inside the holder's container", () => {
    const process = { containerId: "id-inner", outerContainerIds: ["id-train"] };
    const input = { managed: [managed("train", ["GPU-0"])], usage: usage("GPU-0", [process]) };
    expect(ledger(input)).toEqual(["GPU-0 Allocated train"]);
  });

  test("says of which container of ours a process is that works on a device it was not given", () => {
    const [, lease] = computeLeases({
      devices,
      managed: [managed("train", ["GPU-0"])],
      unmanaged: [],
      usage: usage("GPU-1", [{ pid: 5, containerId: "id-train" }]),
    });
    expect(lease?.holder).toMatchObject({ type: "process", pid: 5, containerName: "alice/train" });
  });

  test("takes memory above 100 MiB without any process or lease for somebody's", () => {
    expect(ledger({ usage: usage("GPU-0", [], 100 * mi) })).toEqual([]);
    expect(ledger({ usage: usage("GPU-0", [], 101 * mi) })).toEqual(["GPU-0 InUse 0"]);
    expect(ledger({ usage: usage("GPU-2", [], 900 * mi) })).toEqual([]);
    expect(ledger({ managed: [managed("t", ["GPU-0"])], usage: usage("GPU-0", [], 900 * mi) })).toEqual([
      "GPU-0 Allocated t",
    ]);
  });
});
