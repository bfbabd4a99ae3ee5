import { describe, expect, it } from "vitest";
import { xidSignal } from "./signals.ts";
import { xidByCode } from "./xid-catalog.ts";
import { normalBusId, parseXidLine } from "./xid-line.ts";

describe("a line of the kernel log", () => {
  it.each([
    [
      "NVRM: Xid (PCI:0000:10:1c): 63, pid=1896, Row Remapper: New row marked for remapping",
      63,
      "0000:10:1c",
      null,
    ],
    [
      "NVRM: Xid (PCI:0000:3b:00): 119, pid='<unknown>', name=<unknown>, Timeout waiting for RPC",
      119,
      "0000:3b:00",
      null,
    ],
    [
      "<4>NVRM: Xid (PCI:0000:01:00 GPU-I:05): 94, pid=7194, Contained: CE User Channel (0x9).",
      94,
      "0000:01:00",
      5,
    ],
    ["[ 12.3] NVRM: Xid (PCI:0000:0F:00): 79, GPU has fallen off the bus.", 79, "0000:0f:00", null],
  ])("%s", (text, code, busId, gpuInstance) => {
    expect(parseXidLine(text)).toEqual({ code, busId, gpuInstance });
  });

  it.each([
    "",
    "usb 1-1: new device",
    "NVRM: loading NVIDIA UNIX Open Kernel Module",
    "NVRM: Xid (PCI:0000:0f:00",
  ])("tells of no error: %s", (text) => expect(parseXidLine(text)).toBeUndefined());

  it("names the GPU as nvidia-smi and sysfs do", () => {
    for (const busId of ["00000000:0F:00.0", "0000:0f:00.0", "PCI:0000:0f:00", "0f:00.0"]) {
      expect(normalBusId(busId)).toBe("0000:0f:00");
    }
  });
});

describe("the catalogue", () => {
  it.each([
    [[8, 11, 13, 25, 31, 32, 39, 40, 41, 68, 69, 94], "RestartApp"],
    [[37, 38, 43, 44, 63, 92, 121, 137, 157, 160, 161], "Ignore"],
    [[46, 62, 64, 95, 109, 110, 119, 120, 136, 140, 143, 155, 156, 158], "ResetGpu"],
    [[79], "RestartMachine"],
    [[151], "RestartVirtualMachine"],
    [[45, 48, 74, 145, 149, 150, 154], "Workflow"],
    [[61, 122, 123, 999], "ContactSupport"],
  ] as const)("says of %j: %s", (codes, action) => {
    for (const code of codes) expect(xidByCode(code).action).toBe(action);
  });

  it("holds no error of a program against the GPU, and believes no unknown one", () => {
    for (const code of [13, 31, 43, 45, 63, 94, 154]) expect(xidSignal(code, 0)).toBeUndefined();
    for (const code of [48, 62, 64, 74, 95, 119, 120]) expect(xidSignal(code, 0)?.severity).toBe("unhealthy");
    expect(xidSignal(79, 0)?.severity).toBe("lost");
    expect(xidSignal(999, 7)).toEqual({
      key: "xid:999",
      severity: "suspect",
      text: "XID 999 (not in the catalogue)",
      at: 7,
    });
  });
});
