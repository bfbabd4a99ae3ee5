import { describe, expect, it, onTestFinished, test } from "vitest";
import { startApiBed } from "../support/api-bed.ts";
import { ControllerBed } from "../support/controller-bed.ts";
import { MemoryStore } from "../support/memory-store.ts";

const path = "/apis/ds01.io/v1alpha1/emergency-stops";

function newBed(before?: ControllerBed): ControllerBed {
  const bed = before === undefined ? new ControllerBed() : new ControllerBed({}, before.store, before);
  onTestFinished(() => bed.stop());
  return bed;
}

describe("an emergency stop", () => {
  test("holds at once, for what comes later and for the next controller, until it is taken back", async () => {
    const first = newBed();
    first.declare("alice", "train");
    first.declare("bob", "sweep");
    first.start();
    await first.until("both to run", () =>
      ["alice/train", "bob/sweep"].every((key) => first.phase(key) === "Running"),
    );
    const control = first.manager.controlPlane();
    await control.emergencyStop({ user: "alice", reason: "smoke", by: "root" });
    await first.until("it to stop", () => first.record("alice/train")?.status.reason === "EmergencyStop");
    first.declare("alice", "later");
    await first.until(
      "the later one to be held",
      () => first.record("alice/later")?.status.reason === "EmergencyStop",
    );
    await first.stop();

    const next = newBed(first);
    for (const name of ["train", "later"]) next.declare("alice", name);
    next.declare("bob", "sweep");
    next.start();
    await next.until("it to be known", () => next.manager.ready() && next.manager.settled());
    await next.pass(30_000);
    expect(next.phase("alice/train")).toBe("Stopped");
    expect(next.phase("bob/sweep")).toBe("Running");
    expect(next.runtime.count("start")).toBe(2);

    await expect(next.manager.controlPlane().resume("bob", "root")).rejects.toThrow(
      "no emergency stop of bob",
    );
    await next.manager.controlPlane().resume("alice", "root");
    await next.until("both to run", () =>
      ["alice/train", "alice/later"].every((key) => next.phase(key) === "Running"),
    );
  });

  test("counts as none when what was written down is damaged, and the log says so", async () => {
    const bed = newBed();
    bed.emergencyStops.value = { version: 1, stops: [{ user: 5 }] };
    const after = new ControllerBed({}, new MemoryStore(), bed);
    onTestFinished(() => after.stop());
    expect(after.manager.controlPlane().emergencyStops()).toEqual([]);
  });

  test("that cannot be written down holds all the same, and who asked for it is told", async () => {
    const bed = newBed();
    bed.declare("alice", "train");
    bed.start();
    await bed.until("it to run", () => bed.phase("alice/train") === "Running");
    bed.emergencyStops.write = async () => Promise.reject(new Error("ENOSPC"));
    const control = bed.manager.controlPlane();
    await expect(control.emergencyStop({ user: null, reason: "smoke", by: "root" })).rejects.toThrow(
      "ENOSPC",
    );
    await bed.until("it to stop", () => bed.record("alice/train")?.status.reason === "EmergencyStop");
  });
});

describe("the API of emergency stops", () => {
  const body = JSON.stringify({ user: "alice", reason: "smoke" });

  it("is read by everybody and used by admins only", async () => {
    const bed = await startApiBed();
    expect((await bed.call("POST", path, { body })).code).toBe(200);
    bed.actAs("alice");
    expect(await bed.json(path)).toMatchObject([{ user: "alice", by: "root", reason: "smoke" }]);
    for (const [method, target] of [
      ["POST", path],
      ["DELETE", `${path}/users/alice`],
      ["DELETE", `${path}/all`],
    ] as const) {
      const { code, text } = await bed.call(method, target, method === "POST" ? { body } : {});
      expect(code, method).toBe(403);
      expect(text).toContain("ask an admin");
    }
  });

  it.each([
    "{",
    "{}",
    '{"user": "alice"}',
    '{"user": "../x", "reason": "y"}',
    '{"user": null, "reason": " "}',
  ])("refuses %s with what is wanted", async (wrong) => {
    const bed = await startApiBed();
    const { code, text } = await bed.call("POST", path, { body: wrong });
    expect(code).toBe(400);
    expect(text).toContain("wanted {");
  });

  it("answers 404 where there is none to end", async () => {
    const bed = await startApiBed();
    const { code, text } = await bed.call("DELETE", `${path}/all`);
    expect([code, JSON.parse(text).message]).toEqual([
      404,
      "there is no emergency stop of everybody; see: ds01 emergency-stop",
    ]);
  });
});
