import { describe, expect, it } from "vitest";
import { StaleMarks } from "./stale-marks.ts";

describe("stale marks", () => {
  it("keep a mark that was made after the question", () => {
    const marks = new StaleMarks();
    marks.mark("a", {});
    const asked = marks.ask();
    marks.mark("a", {});
    expect(marks.answered("a", asked)).toBe(true);
    expect(marks.has("a")).toBe(true);
    expect(marks.answered("a", marks.ask())).toBe(true);
    expect(marks.has("a")).toBe(false);
  });

  it("turn away an answer that a later one has overtaken", () => {
    const marks = new StaleMarks();
    const [first, second] = [marks.ask(), marks.ask()];
    expect(marks.answered("a", second)).toBe(true);
    expect(marks.answered("a", first)).toBe(false);
  });

  it("turn away an answer about a container that has gone meanwhile, and take a later one", () => {
    const marks = new StaleMarks();
    const late = marks.ask();
    marks.drop("a");
    expect(marks.answered("a", late)).toBe(false);
    expect(marks.answered("a", marks.ask())).toBe(true);
  });

  it("remember those that are gone only for a while", () => {
    const marks = new StaleMarks();
    const late = marks.ask();
    marks.drop("a");
    for (let other = 0; other < 1000; other += 1) marks.drop(`b${other}`);
    expect(marks.answered("a", late)).toBe(true);
    expect(marks.answered("b999", late)).toBe(false);
  });
});
