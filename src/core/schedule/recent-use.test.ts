import { describe, expect, test } from "vitest";
import {
  advanceUse,
  halfLifeMs,
  lookAtUse,
  parseUseHistory,
  recentUseOf,
  type UseHistory,
} from "./recent-use.ts";

const hour = 60 * 60 * 1000;
const day = 24 * hour;
const nothing: UseHistory = { at: 0, hours: {} };

describe("recent use", () => {
  test("counts GPU-equivalents by the time they are held", () => {
    const { hours } = advanceUse(
      nothing,
      new Map([
        ["alice", 2],
        ["bob", 0.5],
      ]),
      hour,
    );
    expect(hours["alice"]).toBeCloseTo(2, 1);
    expect(hours["bob"]).toBeCloseTo(0.5, 1);
  });

  test("is halved by a week", () => {
    const { hours } = advanceUse({ at: 0, hours: { alice: 100 } }, new Map(), halfLifeMs);
    expect(hours["alice"]).toBeCloseTo(50);
  });

  test("comes out the same in one look as in many", () => {
    const held = new Map([["alice", 3]]);
    let many = nothing;
    for (let at = hour; at <= 10 * day; at += hour) many = advanceUse(many, held, at);
    expect(many.hours["alice"]).toBeCloseTo(advanceUse(nothing, held, 10 * day).hours["alice"] ?? 0, 6);
  });

  test("forgets who has not used anything for long", () => {
    expect(advanceUse({ at: 0, hours: { alice: 1 } }, new Map(), 60 * day).hours).toEqual({});
  });

  test("gives nothing back when the clock is set back", () => {
    const history = { at: 10 * day, hours: { alice: 5 } };
    expect(advanceUse(history, new Map([["alice", 1]]), day)).toEqual({ at: day, hours: { alice: 5 } });
  });

  test("counts nothing of the days by which a clock is set ahead", () => {
    const held = new Map([["alice", 4]]);
    let history = nothing;
    const minute = hour / 60;
    for (let at = minute; at <= hour; at += minute) history = lookAtUse(history, held, at);
    expect(history.hours["alice"]).toBeCloseTo(4, 1);
    history = lookAtUse(history, held, 3 * day);
    expect(history.hours["alice"]).toBeLessThan(4.5);
    for (let at = 3 * day; at <= 3 * day + hour; at += minute) history = lookAtUse(history, held, at);
    expect(history.hours["alice"]).toBeGreaterThan(7);
  });

  test("is read back as it was written, and as nothing from anything else", () => {
    const history = { at: 5, hours: { alice: 5.25 } };
    expect(parseUseHistory(JSON.parse(JSON.stringify(history)), 9)).toEqual(history);
    expect(recentUseOf(history)).toEqual(new Map([["alice", 5.3]]));
    for (const broken of [null, 3, "x", [], {}, { at: "1", hours: {} }, { at: 1, hours: 4 }]) {
      expect(parseUseHistory(broken, 9)).toEqual({ at: 9, hours: {} });
    }
    expect(parseUseHistory({ at: 1, hours: { alice: -4, bob: "much", carol: 2 } }, 9)).toEqual({
      at: 1,
      hours: { carol: 2 },
    });
  });
});
