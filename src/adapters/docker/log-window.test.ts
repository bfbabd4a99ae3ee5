import { describe, expect, it } from "vitest";
import { logWindow } from "./log-window.ts";

const never = "0001-01-01T00:00:00Z";
const all = { sinceSeconds: null, sinceTime: null, previous: false };
const now = Date.parse("2026-03-01T12:00:00Z");
const again = { Status: "running", FinishedAt: "2026-03-01T11:00:00Z", StartedAt: "2026-03-01T11:00:10Z" };

describe("the window of a log", () => {
  it("is everything unless told", () => {
    expect(logWindow(all, again, now)).toEqual({});
  });

  it("begins some seconds ago or at a time, whichever is later", () => {
    const at = (text: string): string => (Date.parse(text) / 1000).toFixed(3);
    expect(logWindow({ ...all, sinceSeconds: 60 }, again, now)).toEqual({
      since: at("2026-03-01T11:59:00Z"),
    });
    const sinceTime = Date.parse("2026-03-01T11:30:00Z");
    expect(logWindow({ ...all, sinceTime }, again, now)).toEqual({ since: at("2026-03-01T11:30:00Z") });
    expect(logWindow({ ...all, sinceTime, sinceSeconds: 60 }, again, now)).toEqual({
      since: at("2026-03-01T11:59:00Z"),
    });
  });

  it("ends, for earlier runs, between the end before and the last start", () => {
    const previous = { ...all, previous: true };
    const between = (Date.parse("2026-03-01T11:00:05Z") / 1000).toFixed(3);
    expect(logWindow(previous, again, now)).toEqual({ until: between });
    const ended = { Status: "exited", StartedAt: again.StartedAt, FinishedAt: "2026-03-01T11:30:00Z" };
    expect(logWindow(previous, ended, now)).toEqual({
      until: (Date.parse(again.StartedAt) / 1000).toFixed(3),
    });
  });

  it("says that there was no earlier run", () => {
    const previous = { ...all, previous: true };
    const once = { Status: "running", StartedAt: "2026-03-01T11:00:10Z", FinishedAt: never };
    expect(() => logWindow(previous, once, now)).toThrow("no earlier run");
    expect(() =>
      logWindow(previous, { Status: "created", StartedAt: never, FinishedAt: never }, now),
    ).toThrow("no earlier run");
  });
});
