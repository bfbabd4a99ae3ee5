import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PushTurns } from "./push-turns.ts";

const minute = 60_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A push that ends when its signal is aborted, and takes so long where it is not. */
function takes(durationMs: number): (signal: AbortSignal) => Promise<string> {
  return async (signal) =>
    new Promise((resolve, reject) => {
      setTimeout(() => resolve("pushed"), durationMs);
      signal.addEventListener("abort", () => reject(signal.reason as Error));
    });
}

/** How it ended, for now: what it resolved with, or the reason. */
function outcomeOf(push: Promise<string>): () => string {
  let outcome = "under way";
  push.then(
    (result) => (outcome = result),
    (error: { readonly reason: string }) => (outcome = error.reason),
  );
  return () => outcome;
}

test("the time of a push begins with its turn, not with the wait for others", async () => {
  const turns = new PushTurns(minute);
  const { signal } = new AbortController();
  const outcomes = [50_000, 50_000].map((ms) => outcomeOf(turns.take(takes(ms), signal)));
  await vi.advanceTimersByTimeAsync(99_999);
  expect(outcomes.map((of) => of())).toEqual(["pushed", "under way"]);
  await vi.advanceTimersByTimeAsync(1);
  expect(outcomes.map((of) => of())).toEqual(["pushed", "pushed"]);
  expect(vi.getTimerCount()).toBe(0);
});

test("one that takes too long is told so, and one that only waited that nothing of it was pushed", async () => {
  const turns = new PushTurns(minute);
  const { signal } = new AbortController();
  const first = outcomeOf(turns.take(takes(30_000), signal));
  const slow = outcomeOf(turns.take(takes(10 * minute), signal));
  const begun = vi.fn(takes(1));
  const waiting = turns.take(begun, signal);
  const waited = outcomeOf(waiting);
  await vi.advanceTimersByTimeAsync(minute);
  expect([first(), slow(), waited()]).toEqual(["pushed", "under way", "PushNotBegun"]);
  await expect(waiting).rejects.toThrow(/it waited 60s for other pushes.*nothing of it was pushed/);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(slow()).toBe("PushTimeout");
  expect(begun).not.toHaveBeenCalled();
  // Nobody stands in the way of later ones.
  const later = outcomeOf(turns.take(takes(1), signal));
  await vi.advanceTimersByTimeAsync(1);
  expect(later()).toBe("pushed");
});

test("the end of the controller ends what is under way and what waits", async () => {
  const turns = new PushTurns(minute);
  const ending = new AbortController();
  const outcomes = [1, 2, 3].map((count) => outcomeOf(turns.take(takes(count * minute), ending.signal)));
  await vi.advanceTimersByTimeAsync(1000);
  ending.abort();
  await vi.advanceTimersByTimeAsync(0);
  outcomes.push(outcomeOf(turns.take(takes(1), ending.signal)));
  await vi.advanceTimersByTimeAsync(0);
  expect(outcomes.map((of) => of())).toEqual(Array.from({ length: 4 }, () => "ControllerEnding"));
});
