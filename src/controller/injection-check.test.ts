import { describe, expect, it } from "vitest";
import { device } from "../../test/support/world-builder.ts";
import type { EngineDevices, InjectionChoice } from "../core/schedule/injection.ts";
import { injectionCheck } from "./injection-check.ts";

const devices = [device(0), device(1)];
const names = devices.map(({ uuid }) => `nvidia.com/gpu=${uuid}`);

function line(engine: Partial<EngineDevices>, choice: InjectionChoice = "auto"): string {
  const all = {
    version: "28.5.2",
    cdiDevices: [],
    runtimes: ["runc"],
    cgroupDriver: "",
    dataRoot: "",
    cannotLimit: [],
    hookMissing: false,
    ...engine,
  };
  const [check] = injectionCheck({ vendor: "nvidia", devices, engine: all, choice });
  return `${check?.ok ? "ok" : "FAIL"} ${check?.message}`;
}

describe("the line of doctor on how GPUs come into containers", () => {
  it.each<[string, Partial<EngineDevices>, InjectionChoice?]>([
    ["ok CDI: Docker 28.5.2 lists all 2 devices", { cdiDevices: names }],
    ["ok CDI for 1 of 2 devices; not listed: GPU 1, by the hook", { cdiDevices: names.slice(0, 1) }],
    ["FAIL CDI for 1 of 2 devices; not listed: GPU 1", { cdiDevices: names.slice(0, 1), hookMissing: true }],
    ["ok NVIDIA's hook of Docker 20.10.24, which lists no CDI devices", { version: "20.10.24" }],
    [
      'ok runtime "nvidia" of Docker 28.5.2, which has neither NVIDIA\'s hook nor CDI devices',
      { hookMissing: true, runtimes: ["nvidia"] },
    ],
    [
      'FAIL Docker 28.5.2 has no runtime "nvidia", which has neither NVIDIA\'s hook nor CDI devices',
      { hookMissing: true },
    ],
    ["FAIL CDI, as the configuration says, but Docker 20.10.24 has none", { version: "20.10.24" }, "cdi"],
    ["ok CDI, as the configuration says (Docker 26.1.5)", { version: "26.1.5" }, "cdi"],
    ["FAIL CDI, as the configuration says, but Docker 28.5.2 lists 0 of 2 devices", {}, "cdi"],
    ['FAIL Docker 28.5.2 has no runtime "nvidia", as the configuration says', {}, "runtime"],
    [
      "FAIL Docker 28.5.2 did not find NVIDIA's hook, as the configuration says",
      { hookMissing: true },
      "hook",
    ],
  ])("says %j", (expected, engine, choice) => {
    expect(line(engine, choice)).toBe(expected);
  });

  it("stands only where there are NVIDIA devices and an engine that has answered", () => {
    const engine = {
      version: "28.5.2",
      cdiDevices: [],
      runtimes: [],
      cgroupDriver: "",
      dataRoot: "",
      cannotLimit: [],
      hookMissing: false,
    };
    const input = { vendor: "nvidia", devices, engine, choice: "auto" } as const;
    expect(injectionCheck(input)).toHaveLength(1);
    expect(injectionCheck({ ...input, vendor: "simulated" })).toEqual([]);
    expect(injectionCheck({ ...input, devices: [] })).toEqual([]);
    expect(injectionCheck({ ...input, engine: { ...engine, version: "" } })).toEqual([]);
  });

  it("says what to do with every failure", () => {
    const engine = {
      version: "28.5.2",
      cdiDevices: [],
      runtimes: [],
      cgroupDriver: "",
      dataRoot: "",
      cannotLimit: [],
      hookMissing: true,
    };
    for (const choice of ["auto", "cdi", "hook", "runtime"] as const) {
      const [check] = injectionCheck({ vendor: "nvidia", devices, engine, choice });
      expect(check).toMatchObject({ ok: false, remedy: expect.stringMatching(/nvidia-ctk/) as string });
    }
  });
});
