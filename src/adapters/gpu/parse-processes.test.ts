import { describe, expect, test } from "vitest";
import { parseDriver, parseProcesses } from "./parse-processes.ts";

const mib = 1024 ** 2;

// Abridged from a telegraf capture of an A100 under R535 and one of an RTX 4000 under R595.
const a100 = `<?xml version="1.0" ?>
<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">
<nvidia_smi_log><driver_version>535.54.03</driver_version><attached_gpus>2</attached_gpus>
 <gpu id="00000000:01:00.0"><product_name>NVIDIA A100-SXM4-80GB</product_name>
  <mig_mode><current_mig>Enabled</current_mig><pending_mig>Enabled</pending_mig></mig_mode>
  <mig_devices><mig_device><index>0</index><gpu_instance_id>3</gpu_instance_id><compute_instance_id>0</compute_instance_id>
    <ecc_error_count><volatile_count><sram_uncorrectable>0</sram_uncorrectable></volatile_count></ecc_error_count>
    <fb_memory_usage><total>19968 MiB</total><reserved>0 MiB</reserved><used>12 MiB</used><free>19955 MiB</free></fb_memory_usage></mig_device></mig_devices>
  <uuid>GPU-513536b6-7d19-9063-b049-1e69664bb298</uuid>
  <utilization><gpu_util>N/A</gpu_util></utilization><remapped_rows>N/A</remapped_rows>
  <processes><process_info><gpu_instance_id>3</gpu_instance_id><compute_instance_id>0</compute_instance_id><pid>21198</pid><type>C</type><process_name>./gpu_burn &lt;x&gt; &amp; y</process_name><used_memory>N/A</used_memory></process_info></processes></gpu>
 <gpu id="00000000:02:00.0"><mig_devices>None</mig_devices><uuid>GPU-2</uuid>
  <processes>
   <process_info><gpu_instance_id>N/A</gpu_instance_id><compute_instance_id>N/A</compute_instance_id><pid>4937</pid><type>C</type><process_name>python</process_name><used_memory>160 MiB</used_memory></process_info>
   <process_info><pid>2</pid><type>G</type><process_name>/usr/lib/xorg/Xorg</process_name><used_memory>59 MiB</used_memory></process_info>
   <process_info><pid>3</pid><type>C+G</type><process_name>blender</process_name></process_info>
   <process_info><pid>4</pid><type>M+C</type><process_name>train</process_name></process_info>
  </processes></gpu>
</nvidia_smi_log>`;

describe("parseDriver", () => {
  test("finds what the driver says of itself, and nothing where it does not", () => {
    expect(parseDriver(a100)).toEqual({ version: "535.54.03", cudaVersion: null });
    const whole =
      "<nvidia_smi_log><driver_version>570.133.20</driver_version><cuda_version>12.8</cuda_version></nvidia_smi_log>";
    expect(parseDriver(whole)).toEqual({ version: "570.133.20", cudaVersion: "12.8" });
  });
});

describe("parseProcesses", () => {
  test("finds slices by instance and compute processes with theirs", () => {
    expect(parseProcesses(a100)).toEqual([
      {
        uuid: "GPU-513536b6-7d19-9063-b049-1e69664bb298",
        migDevices: [
          {
            deviceIndex: 0,
            gpuInstance: "3",
            computeInstance: "0",
            memoryTotalBytes: 19968 * mib,
            memoryUsedBytes: 12 * mib,
          },
        ],
        processes: [
          {
            pid: 21198,
            name: "./gpu_burn <x> & y",
            gpuInstance: "3",
            computeInstance: "0",
            memoryBytes: null,
          },
        ],
        graphicsMemoryBytes: 0,
      },
      {
        uuid: "GPU-2",
        migDevices: [],
        processes: [
          { pid: 4937, name: "python", gpuInstance: null, computeInstance: null, memoryBytes: 160 * mib },
          { pid: 3, name: "blender", gpuInstance: null, computeInstance: null, memoryBytes: null },
          { pid: 4, name: "train", gpuInstance: null, computeInstance: null, memoryBytes: null },
        ],
        graphicsMemoryBytes: 59 * mib,
      },
    ]);
  });

  test("takes an empty list of processes in both notations", () => {
    const gpu = (processes: string): string =>
      `<nvidia_smi_log><gpu id="x"><uuid>GPU-1</uuid>${processes}</gpu></nvidia_smi_log>`;
    for (const none of ["<processes />", "<processes></processes>", "<processes>N/A</processes>", ""]) {
      expect(parseProcesses(gpu(none))).toEqual([
        { uuid: "GPU-1", migDevices: [], processes: [], graphicsMemoryBytes: 0 },
      ]);
    }
  });

  test("refuses every prefix: an answer that breaks off would hide processes", () => {
    for (let length = 0; length < a100.length; length += 7) {
      expect(() => parseProcesses(a100.slice(0, length))).toThrow(/-q -x answered with/);
    }
  });

  test.each(["", "<html></html>", "<a><b></a></b>", "{}"])("refuses %j", (text) => {
    expect(() => parseProcesses(text)).toThrow(/-q -x answered with/);
  });
});
