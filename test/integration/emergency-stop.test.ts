import { describe, expect, it, onTestFinished, test } from "vitest";
import type { EmergencyStopLine } from "../../src/api/emergency-stop.ts";
import { EmergencyDesk } from "../../src/controller/emergency-desk.ts";
import type { StateDocument } from "../../src/ports/state-document.ts";
import { startApiBed } from "../support/api-bed.ts";
import { ControllerBed } from "../support/controller-bed.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { runDs01 } from "../support/run-ds01.ts";
import { silentLog } from "../support/silent-log.ts";

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

  test("cuts short a stop that gives grace, by a second one beside it, and by no more", async () => {
    const bed = newBed();
    const fields = ["image: bed/stubborn:1", "stopGracePeriod: 10m"];
    bed.declare("alice", "train", fields);
    bed.start();
    await bed.until("it to run", () => bed.phase("alice/train") === "Running");
    bed.declare("alice", "train", [...fields, "desiredState: Stopped"]);
    await bed.until("its stop to be under way", () => bed.runtime.count("stop") === 1);
    await bed.pass(30_000);
    expect(bed.phase("alice/train")).toBe("Stopping");
    await bed.manager.controlPlane().emergencyStop({ user: "alice", reason: "smoke", by: "root" });
    await bed.until("it to end", () => bed.phase("alice/train") === "Stopped");
    expect(bed.record("alice/train")?.status.reason).toBe("EmergencyStop");
    await bed.pass(700_000);
    expect(bed.runtime.count("stop")).toBe(2);
    expect(bed.phase("alice/train")).toBe("Stopped");
  });

  test.each([{ version: 1, stops: [{ user: 5 }] }, undefined])(
    "may be anybody's where what was written down is damaged (%j): nothing is started until an admin ends that",
    async (damaged) => {
      const bed = newBed();
      bed.declare("alice", "train");
      bed.declare("bob", "sweep");
      bed.start();
      await bed.until("both to run", () =>
        ["alice/train", "bob/sweep"].every((key) => bed.phase(key) === "Running"),
      );
      const control = bed.manager.controlPlane();
      await control.emergencyStop({ user: "alice", reason: "smoke", by: "root" });
      await bed.until("it to stop", () => bed.phase("alice/train") === "Stopped");
      await bed.stop();
      bed.emergencyStops.value = damaged;

      const next = newBed(bed);
      for (const key of ["alice/train", "bob/sweep", "bob/new"]) {
        const [user = "", name = ""] = key.split("/");
        next.declare(user, name);
      }
      next.start();
      const reason = "EmergencyStopsUnreadable";
      await next.until("what does not run to be held", () =>
        ["alice/train", "bob/new"].every((key) => next.record(key)?.status.reason === reason),
      );
      await next.pass(30_000);
      expect(next.phase("bob/sweep")).toBe("Running");
      expect(next.runtime.count("start")).toBe(2);
      expect(next.record("bob/new")?.status.message).toMatch(/cannot be read.*: ds01 resume --all$/);
      expect(next.emergencyStops.value).toBe(damaged);
      expect(next.logged(reason)).toHaveLength(1);
      const after = next.manager.controlPlane();
      expect(after.events.list().filter((event) => event.reason === reason)).toMatchObject([
        { type: "Warning", involvedObject: { kind: "EmergencyStop" } },
      ]);
      const check = () => after.health().find(({ name }) => name === "EmergencyStopsReadable");
      expect(check()).toMatchObject({ ok: false, remedy: expect.stringContaining("--all") as string });
      expect(after.emergencyStops()).toMatchObject([{ user: null, by: "ds01", unreadable: true }]);

      // Whom an admin names is stopped, although nobody knows of the others.
      await after.emergencyStop({ user: "bob", reason: "fire", by: "root" });
      await next.until("it to stop", () => next.phase("bob/sweep") === "Stopped");
      expect(check()).toBeDefined();
      await after.resume(null, "root");
      await next.until("alice's to run", () => next.phase("alice/train") === "Running");
      expect(check()).toBeUndefined();
      expect(next.record("bob/new")?.status.reason).toBe("EmergencyStop");
      expect(newBed(next).manager.controlPlane().emergencyStops()).toMatchObject([{ user: "bob" }]);
    },
  );

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

/** A document whose writes end when the test says so. */
class SlowDocument implements StateDocument {
  value: unknown = null;
  readonly writes: { readonly value: unknown; readonly end: (error?: Error) => void }[] = [];

  read(): unknown {
    return this.value;
  }

  async write(value: unknown): Promise<void> {
    const kept = structuredClone(value);
    await new Promise<void>((resolve, reject) => {
      const end = (error?: Error): void => {
        if (error !== undefined) return reject(error);
        this.value = kept;
        resolve();
      };
      this.writes.push({ value: kept, end });
    });
  }

  /** Ends the writes under way from the last to the first, until none is left. */
  async endAll(): Promise<void> {
    for (;;) {
      await turn();
      const write = this.writes.pop();
      if (write === undefined) return;
      write.end();
    }
  }
}

const turn = async (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe("what is written down of emergency stops", () => {
  const newDesk = (document: StateDocument): EmergencyDesk =>
    new EmergencyDesk({
      document,
      clock: new ManualClock(),
      events: { record: () => undefined },
      log: silentLog(),
      onChange: () => undefined,
    });
  const users = (stops: readonly { readonly user: string | null }[]): (string | null)[] =>
    stops.map(({ user }) => user).toSorted((one, two) => ((one ?? "") < (two ?? "") ? -1 : 1));
  const stopOf = (user: string): { user: string; by: string; reason: string } => ({
    user,
    by: "root",
    reason: "smoke",
  });

  test("is everything that was stopped at the same moment, in whichever order writes end", async () => {
    const document = new SlowDocument();
    const desk = newDesk(document);
    const asked = Promise.all(["alice", "bob", "carol"].map(async (user) => desk.stop(stopOf(user))));
    await document.endAll();
    await asked;
    expect(users(newDesk(document).stops)).toEqual(["alice", "bob", "carol"]);
  });

  test("fails for an end alone: it holds all the while, and what was stopped meanwhile does too", async () => {
    const document = new SlowDocument();
    const desk = newDesk(document);
    const alice = desk.stop(stopOf("alice"));
    await document.endAll();
    await alice;
    const ended = desk.resume("alice", "root");
    await turn();
    const bob = desk.stop(stopOf("bob"));
    expect(users(desk.stops)).toEqual(["alice", "bob"]);
    document.writes.shift()?.end(new Error("ENOSPC"));
    await expect(ended).rejects.toThrow("ENOSPC");
    expect(users(desk.stops)).toEqual(["alice", "bob"]);
    await document.endAll();
    await bob;
    expect(users(newDesk(document).stops)).toEqual(["alice", "bob"]);
  });

  test("keeps who is stopped anew while the end of the earlier stop is written", async () => {
    const document = new SlowDocument();
    const desk = newDesk(document);
    const asked = Promise.all([
      desk.stop(stopOf("alice")),
      desk.resume("alice", "root"),
      desk.stop({ ...stopOf("alice"), reason: "fire" }),
    ]);
    await document.endAll();
    await asked;
    const twice = [desk.stops, newDesk(document).stops];
    expect(twice).toMatchObject([[{ user: "alice", reason: "fire" }], [{ user: "alice", reason: "fire" }]]);
  });

  test("is written again after a write that failed", async () => {
    const document = new SlowDocument();
    const desk = newDesk(document);
    const alice = desk.stop(stopOf("alice"));
    await turn();
    document.writes.pop()?.end(new Error("ENOSPC"));
    await expect(alice).rejects.toThrow("ENOSPC");
    const bob = desk.stop(stopOf("bob"));
    await document.endAll();
    await bob;
    expect(users(newDesk(document).stops)).toEqual(["alice", "bob"]);
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

describe("ds01 emergency-stop", () => {
  const at = "2026-11-23T12:00:00Z";
  const unreadable: EmergencyStopLine = { user: null, by: "ds01", at, reason: "x", unreadable: true };
  const fire: EmergencyStopLine = { user: "bob", by: "root", at, reason: "fire" };

  test("says that what is stopped cannot be read and what to do, and makes it no row", async () => {
    const bed = await startApiBed();
    bed.control.stops = [unreadable];
    const alone = await runDs01(["emergency-stop"], bed);
    expect(alone.stderr).toMatch(
      /^Whom admins have stopped in an emergency cannot be read since 2026-11-23T12:00:00Z, .* emergency-stops\.json\.corrupt .* ds01 emergency-stop .* ds01 resume --all\.$/ms,
    );
    expect(alone).toMatchObject({ code: 0, stdout: "" });
    bed.control.stops = [unreadable, fire];
    const both = await runDs01(["emergency-stop"], bed);
    expect(both.stderr).toBe(alone.stderr);
    expect(both.stdout).toMatch(/^USER .*\nbob +root +\S+ +fire\n$/);
  });

  test("still lists a stop of everybody as one", async () => {
    const bed = await startApiBed();
    bed.control.stops = [{ ...fire, user: null }];
    expect((await runDs01(["emergency-stop"], bed)).stdout).toMatch(/^\(all\) +root/m);
  });
});
