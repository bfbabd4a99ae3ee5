import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { propertyRuns, propertyTimeoutMs } from "../../test/support/property-runs.ts";
import { changed, edited, ended, running } from "../../test/support/one-object.ts";
import { device, startOfTest as start } from "../../test/support/world-builder.ts";
import { leastJumpMs } from "./container-clock.ts";
import { decide } from "./decide.ts";
import type { Decision } from "./decision.ts";
import { hostView } from "./host-view.ts";
import type { World } from "./world.ts";

const [hour, year] = [3_600_000, 365 * 86_400_000];

/** Someone sets the wall clock, or time goes by, or the machine's controller is another process: nothing to core. */
const happenings = fc.array(
  fc.oneof(
    fc.record({ passMs: fc.integer({ min: 1000, max: 20 * 60_000 }) }),
    fc.record({
      jumpMs: fc.oneof(fc.integer({ min: -year, max: year }), fc.integer({ min: -3000, max: 3000 })),
    }),
  ),
  { minLength: 1, maxLength: 12 },
);
type Happening = { readonly passMs: number } | { readonly jumpMs: number };

/** Time that goes by, a wall clock over it, and one object that is looked at after each thing that happens. */
class Life {
  elapsedMs = 0;
  jumpsMs = 0;
  jumps = 0;
  world: World;
  decision: Decision | null = null;

  constructor(world: World) {
    this.world = world;
    this.look();
  }

  get wall(): number {
    return start + this.elapsedMs + this.jumpsMs;
  }

  happen(happening: Happening): void {
    if ("passMs" in happening) this.elapsedMs += happening.passMs;
    else {
      this.jumpsMs += happening.jumpMs;
      this.jumps += 1;
    }
    this.look();
  }

  look(): void {
    const clock = { boot: "one", bootedAt: start - hour + this.jumpsMs };
    const record =
      this.decision === null ? this.world.record : { ...this.world.record, memory: this.decision.memory };
    this.world = { ...this.world, record, clock };
    this.decision = decide(this.world, this.wall);
  }

  /** Jumps that are too small to tell from the time that reading a clock takes may add up until they are not. */
  get toleranceMs(): number {
    return leastJumpMs * (this.jumps + 1);
  }
}

test(
  "maxRuntime takes as long as it says, wherever the clock is set to and however often",
  () => {
    fc.assert(
      fc.property(happenings, (all) => {
        const life = new Life(running({ lifecycle: { maxRuntime: "1h" } }));
        for (const happening of all) {
          life.happen(happening);
          const isStopped = life.decision?.steps.some((step) => step.do === "stop") === true;
          if (life.elapsedMs < hour - life.toleranceMs) expect(isStopped).toBe(false);
          if (life.elapsedMs > hour + life.toleranceMs) expect(isStopped).toBe(true);
          if (isStopped) return;
        }
      }),
      propertyRuns,
    );
  },
  propertyTimeoutMs,
);

test(
  "a hold and the time until removal take as long as they say, for the object and for the scheduler",
  () => {
    fc.assert(
      fc.property(happenings, (all) => {
        const fields = { gpus: { count: 1 }, lifecycle: { holdGpuAfterStop: "30m", removeAfterStop: "2h" } };
        const lived = changed(running(fields), ended(start));
        const life = new Life(edited(lived, { ...fields, desiredState: "Stopped" }));
        for (const happening of all) {
          life.happen(happening);
          const { elapsedMs, toleranceMs, world, decision } = life;
          const isRemoved = decision?.steps.some((step) => step.do === "remove") === true;
          if (elapsedMs < 2 * hour - toleranceMs) expect(isRemoved).toBe(false);
          if (elapsedMs > 2 * hour + toleranceMs) expect(isRemoved).toBe(true);
          const holds = claims(life.world, life.wall).has(world.record.uid);
          if (elapsedMs < hour / 2 - toleranceMs) expect(holds).toBe(true);
          if (elapsedMs > hour / 2 + toleranceMs) expect(holds).toBe(false);
          if (isRemoved) return;
        }
      }),
      propertyRuns,
    );
  },
  propertyTimeoutMs,
);

function claims(world: World, now: number): ReturnType<typeof hostView>["claims"] {
  return hostView({
    records: [world.record],
    quotas: [],
    groups: new Map(),
    containers: world.containers.map((container) => ({
      ...container,
      labels: { ...container.labels, "ds01.instance": "test" },
    })),
    instance: "test",
    inventory: { devices: [device(0)], ready: true, message: "", usage: new Map() } as never,
    reservations: new Map(),
    inputsReady: () => true,
    strategy: "leastAllocated",
    clock: world.clock ?? null,
    now,
  }).claims;
}

describe("what is known of the clock", () => {
  test("a run during which it was set counts as long as it was", () => {
    const limits = { lifecycle: { maxRuntime: "1h" }, restartPolicy: "Always" };
    const life = new Life(running(limits));
    life.happen({ jumpMs: year });
    life.happen({ passMs: 60_000 });
    life.world = changed(life.world, ended(life.wall));
    life.look();
    expect(life.decision?.steps.map((step) => step.do)).toEqual(["start"]);
    expect(life.decision?.memory.ranMs).toBe(60_000);
  });

  test("an end that is seen after the clock was set ahead is not long ago", () => {
    const lifecycle = { removeAfterStop: "2h", holdGpuAfterStop: "30m" };
    const life = new Life(running({ gpus: { count: 1 }, restartPolicy: "Never", lifecycle }));
    const endedAt = life.wall + 60_000;
    // Nobody looks while it ends and the clock is set.
    life.elapsedMs += 2 * 60_000;
    life.jumpsMs += 10 * 24 * hour;
    life.world = changed(life.world, { ...ended(endedAt), exitCode: 0 });
    for (let pass = 0; pass < 3; pass += 1) {
      life.look();
      expect(life.decision?.steps.filter((step) => step.do === "remove")).toEqual([]);
    }
    life.happen({ passMs: 3 * hour });
    life.look();
    expect(life.decision?.steps.map((step) => step.do)).toContain("remove");
  });

  test("an end after the clock was set ahead counts as it stands", () => {
    const life = new Life(running({ lifecycle: { removeAfterStop: "2h" }, restartPolicy: "Never" }));
    life.elapsedMs += hour;
    life.jumpsMs += 10 * 24 * hour;
    life.world = changed(life.world, { ...ended(life.wall - 5000), exitCode: 0 });
    life.look();
    expect(life.decision?.memory.clocks).toMatchObject([{ endShiftMs: 0 }]);
  });

  test("that it was set is told once, with when it ends now", () => {
    const life = new Life(running({ lifecycle: { maxRuntime: "1h" } }));
    expect(life.decision?.announcements).toEqual([]);
    life.happen({ jumpMs: year });
    expect(life.decision?.announcements).toEqual([
      {
        type: "Normal",
        reason: "ClockSet",
        message:
          "the clock of this host was set ahead by 365d, which makes nothing longer or shorter: maxRuntime ends 2027-11-23T13:00:00Z",
      },
    ]);
    expect(life.decision?.status.expiresAt).toBe("2027-11-23T13:00:00Z");
    life.happen({ passMs: 1000 });
    expect(life.decision?.announcements).toEqual([]);
  });

  test("what was found out is not forgotten while the engine does not answer", () => {
    const life = new Life(running({ lifecycle: { maxRuntime: "1h" } }));
    life.happen({ jumpMs: year });
    const { containers } = life.world;
    life.world = { ...life.world, containers: [], engineReady: false };
    life.look();
    life.world = { ...life.world, containers, engineReady: true };
    life.look();
    expect(life.decision?.steps).toEqual([]);
  });

  test("after a reboot only the wall clock tells how long a hold has been, and none that is to come is counted", () => {
    const fields = { gpus: { count: 1 }, lifecycle: { holdGpuAfterStop: "30m" } };
    const stopped = edited(changed(running(fields), ended(start)), { ...fields, desiredState: "Stopped" });
    const life = new Life(stopped);
    const remembered = { ...life.world.record, memory: life.decision?.memory ?? life.world.record.memory };
    const booted = { ...life.world, record: remembered, clock: { boot: "two", bootedAt: start + 60_000 } };
    expect(decide(booted, start + 20 * 60_000).status.holdUntil).toBe("2026-11-23T12:30:00Z");
    // Its clock has lost its battery: the hold lasts from now on, not until the clock is where it was.
    expect(decide(booted, start - year).status.holdUntil).toBe("2025-11-23T12:30:00Z");
  });
});
