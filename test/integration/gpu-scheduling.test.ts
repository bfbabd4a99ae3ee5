import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import { DeviceNotesFile } from "../../src/adapters/store/device-notes-file.ts";
import { StateTooNew } from "../../src/adapters/store/state-errors.ts";
import { noNotes } from "../../src/core/health/device-notes.ts";
import type { GpuRecord } from "../../src/ports/control-plane.ts";
import { startApiBed } from "../support/api-bed.ts";
import type { ApiBed } from "../support/api-bed.ts";
import { ControllerBed } from "../support/controller-bed.ts";
import { gpu, inventory } from "../support/devices.ts";
import { silentLog } from "../support/silent-log.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const gpus = "/apis/ds01.io/v1alpha1/gpus";
const mergePatch = "application/merge-patch+json";

async function bedWithGpu(): Promise<ApiBed> {
  const bed = await startApiBed();
  bed.control.gpus.set("0", {
    name: "0",
    uid: "GPU-a",
    resourceVersion: bed.control.store.nextResourceVersion(),
    createdAt: bed.clock.now(),
    spec: { uuid: "GPU-a", index: 0, model: "A100", memoryBytes: 1, gpuEquivalents: 1 },
    status: {
      state: "Free",
      holder: null,
      until: null,
      memoryUsedBytes: null,
      utilizationPercent: null,
      reason: null,
    },
  });
  return bed;
}

async function patch(bed: ApiBed, target: string, body: object): Promise<Record<string, unknown>> {
  const { code, text } = await bed.call("PATCH", target, { body: JSON.stringify(body), type: mergePatch });
  const answer = JSON.parse(text) as Record<string, unknown>;
  return { code, ...answer };
}

describe("spec.unschedulable of a Gpu", () => {
  it("is patched as that of a Node, by slot or UUID", async () => {
    const bed = await bedWithGpu();
    const on = { spec: { unschedulable: true, unschedulableReason: " fans " } };
    expect(await patch(bed, `${gpus}/GPU-a`, on)).toMatchObject({
      code: 200,
      kind: "Gpu",
      metadata: { name: "0" },
      spec: { unschedulable: true, unschedulableReason: "fans" },
      status: { state: "Cordoned", reason: "cordoned by root" },
    });
    expect(await patch(bed, `${gpus}/0`, { spec: { unschedulable: null } })).toMatchObject({
      code: 200,
      status: { state: "Free" },
    });
    const { verbs } = (
      (await bed.json("/apis/ds01.io/v1alpha1")) as { resources: { name: string; verbs: string[] }[] }
    ).resources.find(({ name }) => name === "gpus")!;
    expect(verbs).toEqual(["get", "list", "watch", "patch"]);
  });

  it("is for admins only", async () => {
    const bed = await bedWithGpu();
    bed.actAs("bob");
    expect(await patch(bed, `${gpus}/0`, { spec: { unschedulable: true } })).toMatchObject({
      code: 403,
      reason: "Forbidden",
      message: expect.stringContaining('User "bob" cannot patch resource "gpus"'),
    });
    expect(bed.control.gpus.list()[0]?.spec.unschedulable).toBeUndefined();
    bed.actAs("carol");
    expect(await patch(bed, `${gpus}/0`, { spec: { unschedulable: true } })).toMatchObject({ code: 200 });
  });

  it("is all that can be changed, and only when the object is the one that was seen", async () => {
    const bed = await bedWithGpu();
    expect(await patch(bed, `${gpus}/7`, { spec: { unschedulable: true } })).toMatchObject({ code: 404 });
    for (const [body, field] of [
      [{ spec: { index: 3 } }, "spec.index"],
      [{ spec: { unschedulable: "yes" } }, "spec.unschedulable"],
      [{ spec: { unschedulable: true, unschedulableReason: 7 } }, "spec.unschedulableReason"],
      [{ spec: { drain: true } }, "spec.drain"],
      [{ spec: { unschedulable: true, drain: 1 } }, "spec.drain"],
      [{ metadata: { labels: { a: "b" } } }, "metadata"],
    ] as const) {
      expect(await patch(bed, `${gpus}/0`, body)).toMatchObject({
        code: 422,
        message: expect.stringContaining(field),
      });
    }
    const stale = { metadata: { resourceVersion: "1" }, spec: { unschedulable: true } };
    bed.control.gpus.set("0", { ...bed.control.gpus.list()[0]!, resourceVersion: 99 });
    expect(await patch(bed, `${gpus}/0`, stale)).toMatchObject({ code: 409 });
    expect(await patch(bed, `${gpus}/0?dryRun=All`, { spec: { unschedulable: true } })).toMatchObject({
      code: 200,
      spec: { unschedulable: true },
    });
    expect(bed.control.gpus.list()[0]?.spec.unschedulable).toBeUndefined();
  });
});

describe("a controller with a cordoned GPU", () => {
  it("has the cordon on record before it says so, keeps it, and tells of it once", async () => {
    const bed = new ControllerBed();
    bed.provider.answer = () => inventory([gpu(0), gpu(1)]);
    bed.start();
    const control = bed.manager.controlPlane();
    await bed.until("the GPUs to be seen", () => control.gpus.list().length === 2);
    const change = { unschedulable: true, reason: "fans", by: "root" };
    const both = await Promise.all(
      ["0", "GPU-1", "1"].map(async (name) => control.setSchedulable(name, change)),
    );
    expect(both).toMatchObject([
      { name: "0", status: { state: "Cordoned" } },
      { name: "1", status: { state: "Cordoned" } },
      { name: "1" },
    ]);
    expect(bed.notebook.notes.cordons.map(({ uuid }) => uuid)).toEqual(["GPU-0", "GPU-1"]);
    expect(await control.setSchedulable("5", change)).toBeUndefined();
    await control.setSchedulable("1", { ...change, unschedulable: false, reason: null });
    await bed.stop();

    const next = new ControllerBed({}, bed.store, bed);
    next.provider.answer = bed.provider.answer;
    next.declare("alice", "both", ["gpus: { count: 2 }"]);
    next.start();
    await next.until("it to wait", () => next.record("alice/both")?.status.queue !== undefined);
    expect(next.record("alice/both")?.status.message).toContain("1 free, 1 cordoned (fans)");
    await next.stop();
    const told = bed.events.filter(({ involvedObject }) => involvedObject.kind === "Gpu");
    expect(told.map(({ reason, involvedObject }) => `${reason} ${involvedObject.name}`)).toEqual([
      "Cordoned 0",
      "Cordoned 1",
      "Uncordoned 1",
    ]);
  });

  it("refuses what it cannot write down", async () => {
    const bed = new ControllerBed();
    bed.provider.answer = () => inventory([gpu(0)]);
    bed.start();
    const control = bed.manager.controlPlane();
    await bed.until("the GPU to be seen", () => control.gpus.list().length === 1);
    bed.notebook.failing = true;
    const change = { unschedulable: true, reason: null, by: "root" };
    await expect(control.setSchedulable("0", change)).rejects.toThrow("no space");
    expect(control.gpus.list()).toMatchObject([{ status: { state: "Free" } }]);
    bed.notebook.failing = false;
    expect(await control.setSchedulable("0", change)).toMatchObject({ status: { state: "Cordoned" } });
    await bed.stop();
  });
});

test("a drained GPU has its containers made anew elsewhere, as soon as another is free", async () => {
  const bed = new ControllerBed();
  bed.provider.answer = () => inventory([gpu(0), gpu(1)]);
  bed.declare("alice", "one", ["gpus: { count: 1 }"]);
  bed.declare("bob", "two", ["gpus: { count: 1 }"]);
  bed.start();
  const control = bed.manager.controlPlane();
  await bed.until("both to run", () => ["alice/one", "bob/two"].every((key) => bed.phase(key) === "Running"));
  const { slot, uuid } = bed.record("alice/one")!.status.gpus[0]!;
  const change = { unschedulable: true, reason: "fans", by: "root", drain: true };
  expect(await control.setSchedulable(slot, change)).toMatchObject({
    spec: { unschedulable: true, drain: true },
    status: { state: "Cordoned" },
  });
  await bed.until("alice to wait", () =>
    (bed.record("alice/one")?.status.message ?? "").startsWith(`GPU ${slot} is cordoned by root`),
  );
  expect(bed.phase("alice/one")).toBe("Running");
  await control.setSchedulable(slot, { unschedulable: false, reason: null, by: "root" });
  await bed.until("alice to wait no more", () => bed.record("alice/one")?.status.queue === undefined);
  await control.setSchedulable(slot, change);
  bed.source.remove("users/bob/two.yaml");
  await bed.until(
    "alice to run elsewhere",
    () => bed.phase("alice/one") === "Running" && bed.record("alice/one")?.status.gpus[0]?.uuid !== uuid,
    120_000,
  );
  const drained = (): GpuRecord | undefined => control.gpus.list().find(({ uid }) => uid === uuid);
  await bed.until("the GPU to be nobody's", () => drained()?.status.holder === null, 60_000);
  expect(drained()?.status.state).toBe("Cordoned");
  expect(
    bed.events.find(({ reason, involvedObject }) => reason === "Recreating" && involvedObject.name === "one")
      ?.message,
  ).toContain(`GPU ${slot} is cordoned by root`);
  await bed.stop();
});

describe("the file of notes about devices", () => {
  const notes = { cordons: [{ uuid: "GPU-0", by: "root", at: 5, reason: null }] };

  it("has what was written last, also when writes are many", async () => {
    const stateDir = temporaryDirectory();
    const file = new DeviceNotesFile({ stateDir, log: silentLog() });
    expect(file.read()).toEqual(noNotes);
    await Promise.all([
      file.write(noNotes),
      file.write({ ...noNotes }),
      file.write({ ...noNotes, ...notes }),
    ]);
    expect(new DeviceNotesFile({ stateDir, log: silentLog() }).read()).toEqual({ ...noNotes, ...notes });
    expect(readdirSync(stateDir)).toEqual(["devices.json"]);
  });

  it("is copied when it is damaged, and never read when it is from a newer ds01", () => {
    const stateDir = temporaryDirectory();
    const path = join(stateDir, "devices.json");
    writeFileSync(path, '{"version": 1, "cordons": [{]');
    const log = silentLog();
    const file = new DeviceNotesFile({ stateDir, log });
    expect(file.read()).toBeUndefined();
    expect(log.lines.map(({ fields }) => fields["reason"])).toEqual(["StateCorrupt"]);
    for (const one of [path, `${path}.corrupt`]) expect(readFileSync(one, "utf8")).toContain("cordons");
    writeFileSync(path, '{"version": 2}');
    expect(() => file.read()).toThrow(StateTooNew);
  });

  it("is not written by who has lost the state directory", async () => {
    const file = new DeviceNotesFile({
      stateDir: temporaryDirectory(),
      log: silentLog(),
      mayWrite: () => false,
    });
    await expect(file.write(noNotes)).rejects.toThrow("another controller");
  });
});
