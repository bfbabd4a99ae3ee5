import { describe, expect, it } from "vitest";
import { device } from "../../../test/support/world-builder.ts";
import { isEngineAtLeast, nvidiaInjection, unaskedEngine, type InjectionFacts } from "./injection.ts";

const gpus = [device(0), device(1)];
const facts = (
  engine: Partial<InjectionFacts["engine"]>,
  rest: Partial<InjectionFacts> = {},
): InjectionFacts => ({
  engine: { ...unaskedEngine, ...engine },
  choice: "auto",
  made: null,
  ...rest,
});
const both = ["nvidia.com/gpu=GPU-0", "nvidia.com/gpu=GPU-1", "nvidia.com/gpu=all"];

describe("how NVIDIA devices come into a container", () => {
  it("is CDI when the engine lists every one of them by UUID", () => {
    expect(nvidiaInjection(gpus, facts({ cdiDevices: both }))).toBe("cdi");
  });

  it.each([
    [["nvidia.com/gpu=GPU-0"]],
    [["nvidia.com/gpu=0", "nvidia.com/gpu=1"]],
    [["amd.com/gpu=GPU-0"]],
    [[]],
  ])("is the hook when it lists %j", (cdiDevices) => {
    expect(nvidiaInjection(gpus, facts({ cdiDevices, runtimes: ["nvidia"] }))).toBe("hook");
  });

  it("is the runtime once the engine has refused the hook, if it has that runtime", () => {
    expect(nvidiaInjection(gpus, facts({ hookMissing: true, runtimes: ["runc", "nvidia"] }))).toBe("runtime");
    expect(nvidiaInjection(gpus, facts({ hookMissing: true, runtimes: ["runc"] }))).toBe("hook");
    expect(nvidiaInjection(gpus, facts({ hookMissing: true, cdiDevices: both }))).toBe("cdi");
  });

  it("is what the admin says, whatever the engine offers", () => {
    expect(nvidiaInjection(gpus, facts({ cdiDevices: both }, { choice: "hook" }))).toBe("hook");
    expect(nvidiaInjection(gpus, facts({}, { choice: "cdi" }))).toBe("cdi");
    expect(nvidiaInjection(gpus, facts({}, { choice: "runtime" }))).toBe("runtime");
  });

  it("stays as it was for a container that exists", () => {
    expect(nvidiaInjection(gpus, facts({ cdiDevices: both }, { made: "hook", choice: "cdi" }))).toBe("hook");
    expect(nvidiaInjection(gpus, facts({}, { made: "cdi" }))).toBe("cdi");
    expect(nvidiaInjection(gpus, facts({}, { made: "none" }))).toBe("hook");
  });
});

it.each([
  ["29.2.0", true],
  ["29.10.1", true],
  ["30.0.0-rc.1", true],
  ["29.1.9", false],
  ["28.5.2", false],
  ["20.10.24+dfsg1", false],
  ["library-import", false],
  ["", false],
])("engine %j is 29.2 or newer: %s", (version, newer) => {
  expect(isEngineAtLeast(version, 29, 2)).toBe(newer);
});
