import { describe, expect, test } from "vitest";
import { computeLeases } from "../../core/schedule/ledger.ts";
import { assembleDevices } from "./nvidia-devices.ts";
import { parseGpuInstances } from "./parse-gpu-instances.ts";
import { parseList } from "./parse-list.ts";
import { parseProcesses } from "./parse-processes.ts";
import { knownFields, parseQuery, type QueryField } from "./parse-query.ts";
import { parseTopology } from "./parse-topology.ts";

const mib = 1024 ** 2;
const uuid = "GPU-513536b6-7d19-9063-b049-1e69664bb298";
const fields: readonly QueryField[] = [
  "uuid",
  "memory.total",
  "memory.used",
  "utilization.gpu",
  "mig.mode.current",
  "remapped_rows.failure",
  "name",
];
const row = `${uuid}, 81559, 11125, [N/A], Enabled, [N/A], NVIDIA H200`;

/** `-q -x` of a card with these slices and processes. */
function xml(slices: string, processes: string, rest = ""): string {
  return `<?xml version="1.0" ?><nvidia_smi_log><gpu id="00000000:01:00.0"><mig_devices>${slices}</mig_devices><uuid>${uuid}</uuid>${rest}<processes>${processes}</processes></gpu></nvidia_smi_log>`;
}

function migDevice(index: number, gpuInstance: number, computeInstance: number, used = 17): string {
  return `<mig_device><index>${index}</index><gpu_instance_id>${gpuInstance}</gpu_instance_id><compute_instance_id>${computeInstance}</compute_instance_id><fb_memory_usage><total>71424 MiB</total><used>${used} MiB</used></fb_memory_usage></mig_device>`;
}

function processInfo(
  pid: number,
  type: string,
  gpuInstance: number | "N/A" = "N/A",
  used = "160 MiB",
): string {
  return `<process_info><gpu_instance_id>${gpuInstance}</gpu_instance_id><compute_instance_id>0</compute_instance_id><pid>${pid}</pid><type>${type}</type><process_name>python</process_name><used_memory>${used}</used_memory></process_info>`;
}

const listed = `GPU 0: NVIDIA H200 (UUID: ${uuid})
  MIG 1c.3g.71gb  Device  0: (UUID: MIG-a)
  MIG 2c.3g.71gb  Device  1: (UUID: MIG-b)
  MIG 1g.18gb     Device  2: (UUID: MIG-c)
`;

describe("what real nvidia-smi prints that naive parsers fall over", () => {
  test("1: the matrix of topo -m is underlined in a pipe, mixes network cards in, and ends in a double tab", () => {
    const one =
      "\t\u001b[4mGPU0\tCPU Affinity\tNUMA Affinity\tGPU NUMA ID\u001b[0m\nGPU0\t X \t0-23\t0\t\tN/A";
    expect([...parseTopology(one)]).toEqual([[0, new Map()]]);
    const mixed =
      "\tGPU0\tmlx5_0\tGPU1\tCPU Affinity\nGPU0\t X \tPHB\tSOC\t0-7\t\t\nmlx5_0\tPHB\t X \tPHB\nGPU1\tSOC\tPHB\t X \t0-7\t\t";
    expect(parseTopology(mixed).get(0)).toEqual(new Map([[1, "SYS"]]));
  });

  test("2: a GPU in MIG mode answers [N/A] for utilization and remapped rows, and is not sick for that", () => {
    expect(parseQuery(row, fields)).toMatchObject([
      { utilizationPercent: null, remappingFailed: false, migEnabled: true, lost: false },
    ]);
  });

  test("3, 4: a process is put into its slice by instance ids, and slices are joined by number", () => {
    const detailed = parseProcesses(
      xml(migDevice(2, 9, 0) + migDevice(1, 2, 1) + migDevice(0, 2, 0), processInfo(21198, "C", 9)),
    );
    const { devices, usage } = assembleDevices(
      { listed: parseList(listed), queried: parseQuery(row, fields), detailed },
      [],
    );
    expect(devices.map(({ slot, profile, gpuInstance }) => [slot, profile, gpuInstance])).toEqual([
      ["0", null, undefined],
      ["0:0", "1c.3g.71gb", 2],
      ["0:1", "2c.3g.71gb", 2],
      ["0:2", "1g.18gb", 9],
    ]);
    expect(usage.get("MIG-c")?.processes.map(({ pid }) => pid)).toEqual([21198]);
    expect(usage.get(uuid)?.processes).toEqual([]);
  });

  test("5: memory of compute slices is that of the instance they share, and says of none that it is taken", () => {
    const detailed = parseProcesses(
      xml(migDevice(0, 2, 0, 30_000) + migDevice(1, 2, 1, 30_000) + migDevice(2, 9, 0), ""),
    );
    const { devices, usage } = assembleDevices(
      { listed: parseList(listed), queried: parseQuery(row, fields), detailed },
      [],
    );
    const owned = new Map([...usage].map(([key, value]) => [key, { ...value, processes: [] }]));
    expect(computeLeases({ devices, managed: [], unmanaged: [], usage: owned })).toEqual([]);
  });

  test("6: the memory of a slice is read, not made from its name", () => {
    const [gpu] = parseProcesses(xml(migDevice(0, 9, 0), ""));
    expect(gpu?.migDevices[0]?.memoryTotalBytes).toBe(71_424 * mib);
  });

  test.each([
    [
      "R535",
      "<remapped_rows>N/A</remapped_rows><gpu_reset_status><reset_required>No</reset_required></gpu_reset_status>",
    ],
    [
      "R595",
      "<gpu_recovery_action>None</gpu_recovery_action><gpu_power_readings><average_power_draw>1 W</average_power_draw></gpu_power_readings>",
    ],
  ])("7: sections that another driver names otherwise do not matter: %s", (_driver, rest) => {
    expect(parseProcesses(xml("None", processInfo(1, "C", "N/A", "N/A"), rest))).toMatchObject([
      { migDevices: [], processes: [{ pid: 1, gpuInstance: null }] },
    ]);
  });

  test("8, 9: graphics is no claim on a GPU, compute beside it is, and no process at all is an answer", () => {
    const [gpu] = parseProcesses(
      xml("None", processInfo(1, "G") + processInfo(2, "C+G") + processInfo(3, "C")),
    );
    expect(gpu?.processes.map(({ pid }) => pid)).toEqual([2, 3]);
    expect(parseProcesses(xml("None", ""))[0]?.processes).toEqual([]);
  });

  test.each([
    [59, 0],
    [101, 1],
  ])("10: %i MiB on a GPU without processes are %i claims", (used, claims) => {
    const answers = {
      listed: parseList(`GPU 0: NVIDIA H200 (UUID: ${uuid})\n`),
      queried: parseQuery(`${uuid}, 81559, ${used}, 0, Disabled, No, NVIDIA H200`, fields),
      detailed: parseProcesses(xml("None", "")),
    };
    const { devices, usage } = assembleDevices(answers, []);
    const idle = new Map([...usage].map(([key, value]) => [key, { ...value, processes: [] }]));
    expect(computeLeases({ devices, managed: [], unmanaged: [], usage: idle })).toHaveLength(claims);
  });

  test("11: a table is read by its columns, not by its width", () => {
    for (const gap of ["", "     "]) {
      const table = `| GPU instances: ${gap}|\n|   0  MIG 1g.18gb ${gap}   19        9          6:1  ${gap} |\n`;
      expect(parseGpuInstances(table)).toMatchObject([{ instanceId: 9, placement: { start: 6, size: 1 } }]);
    }
  });

  test("a driver that lacks a field is asked for the others only, because one unknown fails the whole query", () => {
    expect(knownFields('"uuid"\n"memory.total"\n')).toEqual(["uuid", "memory.total"]);
  });
});
