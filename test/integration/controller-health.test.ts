import { expect, onTestFinished, test } from "vitest";
import type { DeviceReport } from "../../src/core/health/device-report.ts";
import { defaultHealthSettings } from "../../src/core/health/known-device.ts";
import type { Inventory } from "../../src/core/schedule/device.ts";
import type { GpuRecord } from "../../src/ports/control-plane.ts";
import type { KernelLine, KernelLog } from "../../src/ports/kernel-log.ts";
import { ControllerBed } from "../support/controller-bed.ts";
import { gpu, inventory } from "../support/devices.ts";

const well: DeviceReport = {
  busId: null,
  lost: null,
  recoveryAction: null,
  remappingPending: false,
  remappingFailed: false,
  uncorrectedErrors: 0,
  temperatureCelsius: 40,
};

/** A driver that says of each GPU what a test wants; `null` takes it out of the list. */
function driver(...changes: readonly (Partial<DeviceReport> | null)[]): Inventory {
  const found = changes.flatMap((change, index) => (change === null ? [] : [{ change, index }]));
  const reports = found.map(
    ({ change, index }) =>
      [`GPU-${index}`, { ...well, busId: `00000000:0${index}:00.0`, ...change }] as const,
  );
  return { ...inventory(found.map(({ index }) => gpu(index))), reports: new Map(reports) };
}

class WrittenLog implements KernelLog {
  cursor: string | null | undefined;
  #onLines: (lines: readonly KernelLine[]) => void = () => undefined;

  follow(...[from, sink]: Parameters<KernelLog["follow"]>): void {
    this.cursor = from.cursor;
    this.#onLines = sink.onLines;
    sink.onState({ readable: false, message: "/dev/kmsg cannot be read (EPERM)" });
  }

  // eslint-disable-next-line max-params -- a line of the log has these four
  write(at: number, code: number, index: number, number = 9): void {
    const text = `NVRM: Xid (PCI:0000:0${index}:00): ${code}, pid=77, test`;
    this.#onLines([text, text].map((line) => ({ text: line, at, cursor: `boot:${number}` })));
  }
}

interface HealthBed {
  readonly bed: ControllerBed;
  readonly log: WrittenLog;
  readonly gpu: (name: string) => GpuRecord | undefined;
  readonly told: (kind?: string) => readonly string[];
}

function newBed(before?: ControllerBed, onUnhealthy: "leave" | "move" = "leave"): HealthBed {
  const log = new WrittenLog();
  const bed = new ControllerBed(
    { health: { ...defaultHealthSettings, onUnhealthy } },
    before?.store,
    before,
    log,
  );
  onTestFinished(async () => bed.stop());
  const { gpus } = bed.manager.controlPlane();
  return {
    bed,
    log,
    gpu: (name) => gpus.list().find((record) => record.name === name),
    told: (kind = "Gpu") =>
      bed.events
        .filter(({ involvedObject }) => involvedObject.kind === kind)
        .map(({ reason, involvedObject }) => `${reason} ${involvedObject.name}`),
  };
}

test("an XID keeps a GPU back, tells its holder, survives a restart, and is over after tests and a quiet time", async () => {
  const { bed, log, gpu: shown, told } = newBed();
  bed.provider.answer = () => driver({}, {});
  bed.declare("alice", "train", ["gpus: { count: 1 }"]);
  bed.start();
  await bed.until("it to run", () => bed.phase("alice/train") === "Running");
  const uuid = bed.record("alice/train")!.status.gpus[0]!.uuid;
  const index = Number(uuid.at(-1));

  log.write(bed.clock.now(), 79, index);
  expect(shown(String(index))?.status.state).not.toBe("Free");
  await bed.until("it to be shown", () => shown(String(index))?.status.state === "Unhealthy");
  expect(shown(String(index))?.status).toMatchObject({
    holder: { namespace: "alice", name: "train" },
    reason: expect.stringMatching(/^XID 79 \(GPU has fallen off the bus\) at \d{4}-/),
    health: { state: "Lost" },
  });
  expect(told()).toEqual([`GpuLost ${index}`]);
  expect(told("ContainerSpec")).toContain("GpuLost train");
  const [holders] = bed.events.filter(
    ({ reason, involvedObject }) => reason === "GpuLost" && involvedObject.kind === "ContainerSpec",
  );
  expect(holders?.message).toMatch(new RegExp(`^GPU ${index}: XID 79 .*; given to nobody; next test `));
  bed.declare("bob", "both", ["gpus: { count: 2 }"]);
  await bed.until("bob to wait", () => bed.record("bob/both")?.status.queue !== undefined);
  expect(bed.record("bob/both")?.status).toMatchObject({ reason: "DevicesUnhealthy" });
  expect(bed.record("bob/both")?.status.message).toContain(
    "1 unhealthy (XID 79 (GPU has fallen off the bus) at ",
  );
  expect(bed.phase("alice/train")).toBe("Running");
  await bed.stop();

  const next = newBed(bed);
  next.bed.provider.answer = bed.provider.answer;
  next.bed.declare("alice", "train", ["gpus: { count: 1 }"]);
  next.bed.start();
  await next.bed.until("it to be known", () => next.gpu(String(index))?.status.health?.state === "Lost");
  expect(next.log.cursor).toBe("boot:9");
  expect(next.told()).toEqual([]);
  await next.bed.until(
    "a test to be passed",
    () => next.gpu(String(index))?.status.health?.state === "Recovering",
    90_000,
  );
  expect(next.gpu(String(index))?.status.state).toBe("Unhealthy");
  await next.bed.until(
    "it to be trusted again",
    () => next.gpu(String(index))?.status.health === undefined,
    700_000,
  );
  expect(next.gpu(String(index))?.status.state).toBe("Allocated");
  expect(next.told()).toEqual([`GpuRecovering ${index}`, `GpuHealthy ${index}`]);
  expect(next.bed.runtime.calls.filter(({ call }) => call === "stop" || call === "remove")).toEqual([]);
  expect(next.bed.notebook.notes.health).toMatchObject([
    { health: { state: "Healthy", failures: [expect.any(Number)] } },
  ]);
});

test("an error of a program is told and held against nobody", async () => {
  const { bed, log, gpu: shown, told } = newBed();
  bed.provider.answer = () => driver({});
  bed.declare("alice", "train", ["gpus: { count: 1 }"]);
  bed.start();
  await bed.until("it to run", () => bed.phase("alice/train") === "Running");
  log.write(bed.clock.now(), 31, 0);
  log.write(bed.clock.now(), 63, 0);
  log.write(bed.clock.now(), 79, 5);
  await bed.pass(500);
  expect(shown("0")?.status).toMatchObject({ state: "Allocated" });
  expect(shown("0")?.status.health).toBeUndefined();
  expect(told()).toEqual(["XidReported 0", "XidReported 0"]);
  expect(told("ContainerSpec").filter((line) => line === "XidReported train")).toHaveLength(1);
  expect(bed.notebook.notes.health).toEqual([]);
});

test.each([
  // A look each 20 seconds there is anyway.
  ["of a program", 31, 8],
  ["that says something about the GPU", 62, 16],
] as const)(
  "an error %s that comes every second costs no look and no write a second",
  async (_what, code, most) => {
    const { bed, log, told } = newBed();
    let looks = 0;
    bed.provider.answer = () => {
      looks += 1;
      return driver({}, {});
    };
    bed.declare("alice", "train", ["gpus: { count: 1 }"]);
    bed.start();
    await bed.until("it to run", () => bed.phase("alice/train") === "Running");
    await bed.pass(30_000);
    [looks, bed.notebook.writes] = [0, 0];
    for (let second = 0; second < 120; second += 1) {
      log.write(bed.clock.now(), code, 0, 10 + second);
      await bed.pass(1000);
    }
    expect(looks).toBeLessThanOrEqual(most);
    expect(bed.notebook.writes).toBeGreaterThan(0);
    expect(bed.notebook.writes).toBeLessThanOrEqual(8);
    await bed.pass(60_000);
    // The last of them is not lost.
    expect(bed.notebook.notes.kernelLogCursor).toBe("boot:129");
    expect(told()).not.toEqual([]);
  },
);

test("waiting work gets another device than one with memory errors, and the errors are counted once", async () => {
  const { bed, gpu: shown } = newBed();
  bed.provider.answer = () => driver({}, {});
  bed.start();
  await bed.until("the GPUs to be seen", () => shown("1") !== undefined);
  bed.provider.answer = () => driver({ uncorrectedErrors: 2 }, {});
  await bed.until("the errors to be seen", () => shown("0")?.status.state === "Unhealthy", 30_000);
  expect(shown("0")?.status).toMatchObject({
    reason: expect.stringMatching(/^2 uncorrected memory errors \(ECC\) at /),
    health: { state: "Unhealthy" },
  });
  bed.declare("alice", "one", ["gpus: { count: 1 }"]);
  await bed.until("it to run", () => bed.phase("alice/one") === "Running");
  expect(bed.record("alice/one")?.status.gpus).toMatchObject([{ uuid: "GPU-1" }]);
  await bed.until("it to be trusted again", () => shown("0")?.status.state === "Free", 700_000);
  await bed.pass(60_000);
  expect(shown("0")?.status.state).toBe("Free");
  bed.provider.answer = () => driver({ uncorrectedErrors: 3 }, {});
  await bed.until("the new error to be seen", () => shown("0")?.status.state === "Unhealthy", 30_000);
  expect(shown("0")?.status.reason).toContain("1 uncorrected memory error (ECC)");
});

test("a GPU that is not listed any more stays listed as lost, until it is back or an admin lets it go", async () => {
  const { bed, gpu: shown } = newBed();
  bed.provider.answer = () => driver({}, {}, {});
  bed.start();
  await bed.until("the GPUs to be seen", () => shown("2") !== undefined);
  bed.provider.answer = () => driver({}, null, null);
  await bed.until("them to be missed", () => shown("2")?.status.health?.state === "Lost", 30_000);
  expect(shown("1")?.status).toMatchObject({
    state: "Unhealthy",
    reason: expect.stringMatching(/^not listed by the driver any more at /),
  });
  // An answer that is none says nothing about anybody.
  bed.provider.answer = () => ({ ...driver(), ready: false, message: "hangs" });
  await bed.pass(25_000);
  expect(shown("1")?.status.health?.state).toBe("Lost");
  bed.provider.answer = () => driver({}, {}, null);
  await bed.until("one to be back", () => shown("1")?.status.state === "Free", 200_000);
  const control = bed.manager.controlPlane();
  await control.setSchedulable("2", { unschedulable: false, reason: null, by: "root" });
  await bed.until("the other to be let go", () => shown("2") === undefined, 30_000);
});

test("a GPU that fails again and again is quarantined until it is uncordoned", async () => {
  const { bed, log, gpu: shown, told } = newBed();
  bed.provider.answer = () => driver({});
  bed.start();
  await bed.until("it to be seen", () => shown("0") !== undefined);
  for (let failure = 1; failure <= 3; failure += 1) {
    log.write(bed.clock.now(), 95, 0);
    await bed.until("it to fail", () => shown("0")?.status.state === "Unhealthy");
    if (failure < 3) {
      await bed.until("it to recover", () => shown("0")?.status.state === "Free", 800_000);
    }
  }
  expect(shown("0")?.status.health).toMatchObject({ state: "Quarantined" });
  await bed.pass(800_000);
  expect(shown("0")?.status.state).toBe("Unhealthy");
  const control = bed.manager.controlPlane();
  const freed = await control.setSchedulable("0", { unschedulable: false, reason: null, by: "root" });
  expect(freed?.status.state).toBe("Free");
  expect(told().slice(-2)).toEqual(["GpuQuarantined 0", "Uncordoned 0"]);
});

test("a kernel log that cannot be read is said once, in the log and by the doctor, and fails nothing", async () => {
  const { bed } = newBed();
  const control = bed.manager.controlPlane();
  bed.provider.answer = () => inventory([gpu(0)]);
  bed.start();
  await bed.pass(25_000);
  expect(control.health().map(({ name }) => name)).not.toContain("KernelLog");
  bed.provider.answer = () => driver({});
  await bed.until("a GPU to be reported on", () => bed.logged("KernelLogUnreadable").length === 1, 30_000);
  await bed.pass(60_000);
  expect(bed.logged("KernelLogUnreadable")).toHaveLength(1);
  expect(control.health().find(({ name }) => name === "KernelLog")).toMatchObject({
    ok: true,
    message: expect.stringContaining("/dev/kmsg cannot be read (EPERM): XID errors are not seen"),
  });
});

test("what runs on a GPU that fails moves to another one where the configuration says so", async () => {
  const { bed, log } = newBed(undefined, "move");
  bed.provider.answer = () => driver({}, {});
  bed.declare("alice", "one", ["gpus: { count: 1 }"]);
  bed.declare("bob", "two", ["gpus: { count: 1 }"]);
  bed.start();
  await bed.until("both to run", () => ["alice/one", "bob/two"].every((key) => bed.phase(key) === "Running"));
  const uuid = bed.record("alice/one")!.status.gpus[0]!.uuid;
  log.write(bed.clock.now(), 95, Number(uuid.at(-1)));
  await bed.until("alice to be told that no other is free", () =>
    (bed.record("alice/one")?.status.message ?? "").includes("is unhealthy: XID 95"),
  );
  expect(bed.phase("alice/one")).toBe("Running");
  expect(bed.runtime.calls.filter(({ call }) => call === "stop" || call === "create")).toHaveLength(2);

  bed.declare("bob", "two", [
    "gpus: { count: 1 }",
    "desiredState: Stopped",
    "lifecycle: { holdGpuAfterStop: 0s }",
  ]);
  await bed.until(
    "alice to run on the other",
    () => bed.phase("alice/one") === "Running" && bed.record("alice/one")?.status.gpus[0]?.uuid !== uuid,
    60_000,
  );
  const told = bed.events.filter(
    ({ involvedObject, message }) =>
      involvedObject.name === "one" && message.includes("is unhealthy: XID 95"),
  );
  expect(told.map(({ reason }) => reason)).toEqual(expect.arrayContaining(["Recreating", "Stopping"]));
});
