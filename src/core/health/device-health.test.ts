import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { advanceHealth, healthReason, healthy, type DeviceHealth, type HealthLook } from "./device-health.ts";
import {
  memoryErrorSignal,
  missingSignal,
  standingSignals,
  xidSignal,
  type HealthSignal,
} from "./signals.ts";

const minute = 60_000;
const rules = {
  retestMs: minute,
  retestMaximumMs: 30 * minute,
  quietMs: 10 * minute,
  quarantineAfterFailures: 3,
  failureWindowMs: 24 * 60 * minute,
};

const well: HealthLook = { standing: [], errors: [], clean: true };
const stands = (...standing: HealthSignal[]): HealthLook => ({ ...well, standing });
const tells = (...errors: HealthSignal[]): HealthLook => ({ ...well, errors });

const look = (health: DeviceHealth, now: number, seen: HealthLook = well): DeviceHealth =>
  advanceHealth(health, seen, { now, rules });

/** Looks every 20 s from `from` to `to`; the states in the order in which they came. */
function watch(
  health: DeviceHealth,
  from: number,
  to: number,
  seen: HealthLook = well,
): readonly DeviceHealth[] {
  const states: DeviceHealth[] = [health];
  for (let now = from; now <= to; now += 20_000) states.push(look(states.at(-1)!, now, seen));
  return states;
}

function path(states: readonly DeviceHealth[]): readonly string[] {
  return states
    .map(({ state, since }) => `${state} ${since / minute}`)
    .filter((text, place, all) => text !== all[place - 1]);
}

const xid = (code: number, at: number): HealthSignal => xidSignal(code, at)!;

describe("the health of a device", () => {
  it("stays as it is while nothing speaks against it", () => {
    expect(look(healthy(0), 5)).toEqual(healthy(0));
  });

  it("is lost with XID 79, and back after a test passed and ten minutes without an error", () => {
    const lost = look(healthy(0), 0, tells(xid(79, 0)));
    expect(healthReason(lost)).toBe("XID 79 (GPU has fallen off the bus) at 1970-01-01T00:00:00Z");
    expect(path(watch(lost, 0, 15 * minute))).toEqual(["Lost 0", "Recovering 1", "Healthy 10"]);
  });

  it("is unhealthy for as long as the driver says so, tested less and less often", () => {
    const failed = { key: "remapping-failed", severity: "unhealthy", text: "worn", at: 0 } as const;
    const ill = watch(look(healthy(0), 0, stands(failed)), 0, 100 * minute, stands(failed));
    const tests = [...new Set(ill.map(({ retestAt }) => (retestAt ?? 0) / minute))];
    expect(tests).toEqual([1, 3, 7, 15, 31, 61, 91, 121]);
    expect(new Set(ill.map(({ state }) => state))).toEqual(new Set(["Unhealthy"]));
    expect(path(watch(ill.at(-1)!, 100 * minute, 130 * minute)).slice(1)).toEqual([
      "Recovering 121",
      "Healthy 122",
    ]);
  });

  it("is suspect without having failed, and healthy at the next test that is passed", () => {
    const report = {
      busId: null,
      lost: null,
      recoveryAction: null,
      remappingPending: false,
      remappingFailed: false,
      uncorrectedErrors: null,
      temperatureCelsius: 93,
    };
    const hot = stands(...standingSignals(report, 90, 0));
    const suspect = look(healthy(0), 0, hot);
    expect(healthReason(suspect)).toBe("93 °C, limit 90 °C at 1970-01-01T00:00:00Z");
    expect(suspect.failures).toEqual([]);
    expect(path(watch(suspect, 0, 3 * minute))).toEqual(["Suspect 0", "Healthy 1"]);
  });

  it("gets worse at once, and better by no look before its test", () => {
    const suspect = look(healthy(0), 0, stands({ ...missingSignal(0), severity: "suspect" }));
    expect(look(suspect, 1, stands(missingSignal(1)))).toMatchObject({ state: "Lost", since: 1 });
    const ill = look(healthy(0), 0, tells(memoryErrorSignal(2, 0)));
    expect(look(ill, minute - 1).state).toBe("Unhealthy");
    expect(look(ill, 5, stands({ ...missingSignal(0), severity: "suspect" })).state).toBe("Unhealthy");
  });

  it("does not pass while memory is in use by nobody known", () => {
    const ill = look(healthy(0), 0, tells(xid(62, 0)));
    expect(look(ill, minute, { ...well, clean: false })).toMatchObject({
      state: "Unhealthy",
      failedTests: 1,
    });
  });

  it("waits ten minutes from the last error, also from one while it recovers", () => {
    const states = watch(look(healthy(0), 0, tells(xid(95, 0))), 0, 2 * minute);
    expect(states.at(-1)?.state).toBe("Recovering");
    const again = look(states.at(-1)!, 3 * minute, tells(xid(95, 3 * minute)));
    expect(again).toMatchObject({ state: "Unhealthy", failures: [0, 3 * minute] });
    expect(path(watch(again, 3 * minute, 20 * minute)).at(-1)).toBe("Healthy 13");
  });

  it("is quarantined when it fails for the third time in a day, until somebody else decides", () => {
    let health = healthy(0);
    for (const start of [0, 20, 40]) {
      health = look(health, start * minute, tells(xid(79, start * minute)));
      health = watch(health, start * minute, (start + 15) * minute).at(-1)!;
    }
    expect(health).toMatchObject({ state: "Quarantined", since: 40 * minute, retestAt: null });
    expect(watch(health, 60 * minute, 600 * minute).at(-1)?.state).toBe("Quarantined");
    expect(healthReason(health)).toMatch(/^quarantined, it failed 3 times, last: XID 79 .*: ds01 uncordon$/);
  });

  it("forgets failures that are older than a day", () => {
    const day = 24 * 60 * minute;
    const health = { ...healthy(0), failures: [0, 1] };
    expect(look(health, day + 5, tells(xid(79, day + 5)))).toMatchObject({
      state: "Lost",
      failures: [day + 5],
    });
  });

  it("is never handed out with something standing against it, whatever the history", () => {
    const signal = fc
      .constantFrom("suspect", "unhealthy", "lost")
      .map((severity): HealthSignal => ({ key: severity, severity: severity as "lost", text: "x", at: 0 }));
    const step = fc.record({
      wait: fc.integer({ min: 0, max: 40 * minute }),
      standing: fc.array(signal, { maxLength: 2 }),
      errors: fc.array(signal, { maxLength: 1 }),
      clean: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let health = healthy(0);
        let now = 0;
        for (const { wait, ...seen } of steps) {
          now += wait;
          const errors = seen.errors.map((error) => ({ ...error, at: now }));
          const before = health;
          health = look(health, now, { ...seen, errors });
          if (seen.standing.length > 0 || errors.length > 0) expect(health.state).not.toBe("Healthy");
          if (health.state === "Healthy")
            expect(now - (health.lastErrorAt ?? -Infinity)).toBeGreaterThanOrEqual(
              before.state === "Healthy" ? 0 : rules.quietMs,
            );
          const tested = health.state === "Healthy" || health.state === "Quarantined";
          expect(health.retestAt === null).toBe(tested);
          expect(health.signals.length).toBeLessThanOrEqual(6);
          expect(look(health, now, { ...seen, errors: [] }).state).toBe(health.state);
        }
      }),
    );
  });
});
