import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { declare, declared, play, pureHost, runs } from "../../test/support/play-host.ts";
import { propertyRuns, propertyTimeoutMs } from "../../test/support/property-runs.ts";
import { recordOf, runPass, type PureHost } from "../../test/support/pure-host.ts";
import { admittedQuota } from "../../test/support/quotas.ts";
import { startOfTest } from "../../test/support/world-builder.ts";
import { leastJumpMs } from "./container-clock.ts";
import type { Announcement } from "./decision.ts";
import { defaultPreemption } from "./schedule/preemption.ts";

const [second, hour, year] = [1000, 3_600_000, 365 * 86_400_000];
const { noticeMs } = defaultPreemption;

type Happening = { readonly passMs: number } | { readonly jumpMs: number };

const happenings: fc.Arbitrary<readonly Happening[]> = fc.array(
  fc.oneof(
    fc.record({ passMs: fc.integer({ min: 100, max: 10 * second }) }),
    fc.record({
      jumpMs: fc.oneof(
        ...[year, 2 * 60 * second, 3 * second].map((mostMs) => fc.integer({ min: -mostMs, max: mostMs })),
      ),
    }),
  ),
  { minLength: 1, maxLength: 8 },
);

const quotas = ["alice", "bob"].map((user) =>
  admittedQuota(user, { subjects: { users: [user] }, gpus: { nominal: 1, borrowingLimit: 1 } }),
);

/** Somebody who borrows has been told to give way a moment ago; from then on time goes by, and the clock is set. */
class Notice {
  host: PureHost;
  elapsedMs = 0;
  jumps = 0;
  announcements: Announcement[] = [];

  constructor() {
    const lent = declare(
      pureHost(2, { quotas, clock: { boot: "one", bootedAt: startOfTest - hour } }),
      declared("alice", "a", startOfTest),
      declared("alice", "b", startOfTest + 1),
    );
    const borrowed = play(lent, 120, [], 10);
    this.host = declare(borrowed, declared("bob", "x", borrowed.now));
    this.look();
  }

  happen(happening: Happening): void {
    const byMs = "passMs" in happening ? happening.passMs : happening.jumpMs;
    const { clock, now } = this.host;
    if ("passMs" in happening) this.elapsedMs += byMs;
    else this.jumps += 1;
    const isSet = "jumpMs" in happening && clock !== undefined;
    this.host = {
      ...this.host,
      now: now + byMs,
      ...(isSet ? { clock: { ...clock, bootedAt: clock.bootedAt + byMs } } : {}),
    };
    this.look();
  }

  look(): void {
    // Twice: what one is told by the other's look counts at once.
    for (const uid of ["uid-bob-x", "uid-alice-b", "uid-bob-x", "uid-alice-b"]) {
      const { host, decision } = runPass(this.host, uid);
      this.host = host;
      if (uid === "uid-alice-b") this.announcements.push(...decision.announcements);
    }
  }

  get victimRuns(): boolean {
    return runs(this.host).includes("alice/b");
  }

  /** Jumps that are too small to tell from the time that reading a clock takes may add up until they are not. */
  get toleranceMs(): number {
    return leastJumpMs * (this.jumps + 1);
  }
}

test(
  "the notice before a preemption takes as long as it says, wherever the clock is set to and however often",
  () => {
    fc.assert(
      fc.property(happenings, (all) => {
        const notice = new Notice();
        const rest = Array.from({ length: 25 }, (): Happening => ({ passMs: 2 * second }));
        for (const happening of [...all, ...rest]) {
          notice.happen(happening);
          const { elapsedMs, toleranceMs, victimRuns } = notice;
          if (elapsedMs < noticeMs - toleranceMs) expect(victimRuns).toBe(true);
          if (elapsedMs > noticeMs + toleranceMs) expect(victimRuns).toBe(false);
          if (!victimRuns) return;
        }
        throw new Error("nobody gave way");
      }),
      { numRuns: Math.ceil(propertyRuns.numRuns / 8) },
    );
  },
  propertyTimeoutMs,
);

describe("a notice whose clock is set", () => {
  test("says when it ends now, once", () => {
    const notice = new Notice();
    const told = (): readonly string[] =>
      notice.announcements
        .filter(({ reason }) => reason === "PreemptionNotice")
        .map(({ message }) => message);
    expect(told()).toHaveLength(1);
    notice.happen({ jumpMs: 60 * second });
    notice.happen({ passMs: second });
    expect(told()).toHaveLength(2);
    expect(told().at(-1)).toContain("stops at 2026-11-23T12:03:30Z");
    expect(recordOf(notice.host, "uid-bob-x").status.message).toContain("gives way at 2026-11-23T12:03:30Z");
  });

  test("of an earlier version goes along from when it is seen first", () => {
    const notice = new Notice();
    const records = notice.host.records.map((record) => {
      const { nomination } = record.memory;
      if (nomination == null) return record;
      const { clock: _clock, ...earlier } = nomination;
      return { ...record, memory: { ...record.memory, nomination: earlier } };
    });
    notice.host = { ...notice.host, records };
    notice.look();
    notice.happen({ jumpMs: 60 * second });
    expect(notice.victimRuns).toBe(true);
  });
});
