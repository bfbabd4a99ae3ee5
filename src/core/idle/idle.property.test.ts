import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { running } from "../../../test/support/one-object.ts";
import { playIdle, type Doing } from "../../../test/support/idle-timeline.ts";
import { defaultIdle } from "./idle-settings.ts";

const minute = 60_000;
const timeoutMs = 10 * minute;
const start = running({ gpus: { count: 1 }, lifecycle: { idleTimeout: "10m" } });

/** Mostly nothing, or nobody would ever be stopped. */
const doing: fc.Arbitrary<Doing> = fc.record(
  {
    minutes: fc.constantFrom(0.5, 1, 3, 7, 12),
    gpus: fc.oneof(
      { weight: 6, arbitrary: fc.constant([0]) },
      fc.constant([4, 90]),
      fc.constant([0, null] as (number | null)[]),
    ),
    gpuProcesses: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.constant(1), fc.constant(null)),
    cpu: fc.oneof({ weight: 6, arbitrary: fc.constantFrom(0, 1, 2) }, fc.constant(3), fc.constant(null)),
    io: fc.oneof({ weight: 8, arbitrary: fc.constant(0.5) }, fc.constant(2)),
    typing: fc.oneof({ weight: 8, arbitrary: fc.constant(false) }, fc.constant(true)),
    wantedBy: fc.constant("bob/train"),
  },
  { requiredKeys: ["minutes", "gpus", "cpu", "io", "typing", "gpuProcesses"] },
);

const disturbance: fc.Arbitrary<Partial<Doing>> = fc.oneof(
  fc.record({ clockJump: fc.constantFrom(-1500, -5, 5, 1500) }),
  fc.record({ forgotten: fc.constant(true) }),
  // What a GPU does meanwhile is seen by the CPU time that it takes only, and no reading fails that nobody takes.
  fc.record({
    unseen: fc.constant(true),
    gpus: fc.constant([0]),
    gpuProcesses: fc.constant(0),
    cpu: fc.constantFrom(0, 0.1, 2, 3, 100),
  }),
  fc.constant({}),
);

function isQuiet({ gpus = [0], gpuProcesses, cpu, io, typing }: Doing): boolean {
  const isGpuQuiet = gpus.every((percent) => (percent === null ? gpuProcesses === 0 : percent < 5));
  return isGpuQuiet && typeof cpu === "number" && cpu <= 2 && (io ?? 0) <= 1 && typing !== true;
}

function stoppedAt({ told }: { readonly told: readonly string[] }): number {
  const stop = told.find((one) => one.endsWith(" stop"));
  return stop === undefined ? Infinity : Number.parseFloat(stop);
}

describe("whatever goes on", () => {
  const scripts = fc.array(
    fc.tuple(doing, disturbance).map(([one, other]) => ({ ...one, ...other })),
    { minLength: 3, maxLength: 12 },
  );

  test("nothing is stopped while something went on, seen or not, or nobody knew, within its timeout; and never unwarned", () => {
    let stops = 0;
    fc.assert(
      fc.property(scripts, (script) => {
        const { told, looks } = playIdle(start, script);
        const at = stoppedAt({ told });
        if (at === Infinity) return;
        stops += 1;
        const endMs = looks.at(-1)?.uptimeMs ?? 0;
        const wanted = looks.at(-1)?.doing.wantedBy !== undefined;
        const leastMs = timeoutMs * (wanted ? defaultIdle.highDemandFactor : 1);
        const within = looks.filter(({ uptimeMs }) => uptimeMs > endMs - leastMs);
        expect(within.filter((look) => !isQuiet(look.doing))).toEqual([]);
        const warned = told.findLast((one) => one.endsWith("IdleSoon")) ?? "";
        expect(at - Number.parseFloat(warned)).toBeGreaterThanOrEqual(leastMs / 2 / minute - 0.05);
      }),
      { numRuns: 300 },
    );
    expect(stops).toBeGreaterThan(20);
  });

  test("a restart, a loss of the state, or a clock that is set shortens no time", () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const calm = script.map(
          ({ clockJump: _jump, forgotten: _forgotten, unseen: _unseen, ...one }) => one,
        );
        expect(stoppedAt(playIdle(start, script))).toBeGreaterThanOrEqual(
          stoppedAt(playIdle(start, calm)) - 0.05,
        );
      }),
      { numRuns: 150 },
    );
  });
});
