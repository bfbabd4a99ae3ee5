import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { DeviceNotesFile } from "../src/adapters/store/device-notes-file.ts";
import { unknownAmong, withUnknownCordons } from "../src/core/health/cordon.ts";
import { noNotes } from "../src/core/health/device-notes.ts";
import { ControllerBed } from "./support/controller-bed.ts";
import { gpu, inventory } from "./support/devices.ts";
import { silentLog } from "./support/silent-log.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";
import { device } from "./support/world-builder.ts";

const oneGpu = ["gpus: { count: 1 }"];

function newBed(before?: ControllerBed): ControllerBed {
  const bed = before === undefined ? new ControllerBed() : new ControllerBed({}, before.store, before);
  bed.provider.answer = () => inventory([gpu(0), gpu(1), gpu(2)]);
  onTestFinished(() => bed.stop());
  return bed;
}

test("no GPU is newly given out while it cannot be read which are cordoned, and what runs goes on", async () => {
  const bed = newBed();
  bed.declare("alice", "train", oneGpu);
  bed.start();
  await bed.until("it to run", () => bed.phase("alice/train") === "Running");
  await bed.manager.controlPlane().setSchedulable("2", { unschedulable: true, by: "root", reason: "fans" });
  await bed.stop();
  bed.notebook.damaged = true;

  const next = newBed(bed);
  next.declare("alice", "train", oneGpu);
  next.declare("bob", "first", oneGpu);
  next.start();
  await next.until("it to wait", () => next.record("bob/first")?.status.reason === "DevicesCordoned");
  expect(next.record("bob/first")?.status.message).toContain("DevicesUnreadable");
  expect(next.logged("DevicesUnreadable")).toHaveLength(1);
  const control = next.manager.controlPlane();
  const check = () => control.health().find(({ name }) => name === "DevicesReadable");
  expect(check()).toMatchObject({ ok: false, message: expect.stringMatching(/: 0, 1, 2$/) as string });
  await next.pass(30_000);
  expect(next.phase("alice/train")).toBe("Running");
  expect(next.runtime.count("stop")).toBe(0);

  await control.setSchedulable("2", { unschedulable: true, by: "root", reason: null });
  await control.setSchedulable("1", { unschedulable: false, by: "root", reason: null });
  await next.until("it to run", () => next.phase("bob/first") === "Running");
  const holderOf = (gpuName: string) =>
    control.gpus.list().find(({ name }) => name === gpuName)?.status.holder;
  await next.until("it to hold the one that was given back", () => holderOf("1")?.name === "first");
  await next.stop();

  // Of GPU 0 nobody has said anything yet.
  const last = newBed(next);
  last.start();
  const lastControl = last.manager.controlPlane();
  const lastCheck = () => lastControl.health().find(({ name }) => name === "DevicesReadable");
  await last.until("the GPUs to be seen", () => lastCheck() !== undefined);
  expect(lastCheck()?.message).toMatch(/: 0$/);
  await lastControl.setSchedulable("0", { unschedulable: false, by: "root", reason: null });
  expect(lastCheck()).toBeUndefined();
  expect(last.notebook.notes.cordons).toMatchObject([{ uuid: "GPU-2", by: "root" }]);
});

test("what an admin says of a GPU holds for its slices", () => {
  const devices = [device(0), { ...device(1), parentUuid: "GPU-0", profile: "1g.10gb" }];
  const unreadable = { at: 1, except: [] };
  expect(withUnknownCordons(devices, unreadable).map(({ cordon }) => cordon?.uuid)).toEqual([
    "GPU-0",
    "GPU-0",
  ]);
  expect(unknownAmong(devices, { at: 1, except: ["GPU-0"] })).toEqual([]);
  expect(unknownAmong(devices, undefined)).toEqual([]);
});

test("the damaged file stays until something is written, and a copy of it for longer", async () => {
  const stateDir = temporaryDirectory();
  const path = join(stateDir, "devices.json");
  const damaged = '{"version": 1, "cordons": [{';
  writeFileSync(path, damaged);
  expect(new DeviceNotesFile({ stateDir, log: silentLog(), mayWrite: () => false }).read()).toBeUndefined();
  expect(readdirSync(stateDir)).toEqual(["devices.json"]);
  const log = silentLog();
  const file = new DeviceNotesFile({ stateDir, log });
  expect(file.read()).toBeUndefined();
  expect(log.lines.map(({ fields }) => fields["reason"])).toEqual(["StateCorrupt"]);
  expect(file.read()).toBeUndefined();
  const notes = { ...noNotes, unreadable: { at: 5, except: ["GPU-0"] } };
  await file.write(notes);
  expect(file.read()).toEqual(notes);
  expect(readFileSync(`${path}.corrupt`, "utf8")).toBe(damaged);
});
