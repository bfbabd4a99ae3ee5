import { expect, test } from "vitest";
import { waitFor } from "../../test/bed/wait-for.ts";
import { keepCollecting } from "../../test/support/keep-collecting.ts";
import { endingAfter } from "./ending-after.ts";

/** What was aborted, in a function of its own so that nothing else holds the signals. */
function noted(timeoutMs: number, other?: AbortSignal): { readonly reasons: unknown[] } {
  const { signal } = endingAfter(timeoutMs, other);
  const reasons: unknown[] = [];
  signal.addEventListener("abort", () => reasons.push(signal.reason));
  return { reasons };
}

test("the time ends it, and the other signal does, over collections of garbage", async () => {
  keepCollecting();
  const other = new AbortController();
  const [timed, followed] = [noted(300, other.signal), noted(60_000, other.signal)];
  await waitFor("the time to be up", () => timed.reasons.length === 1);
  expect(timed.reasons).toMatchObject([{ name: "TimeoutError" }]);
  expect(followed.reasons).toEqual([]);
  other.abort("enough");
  await waitFor("the other one to count", () => followed.reasons.length === 1);
  expect(followed.reasons).toEqual(["enough"]);
  expect(timed.reasons).toHaveLength(1);
});

test("it says whether the time was up, and nothing ends what is stopped", () => {
  const other = new AbortController();
  const stopped = endingAfter(60_000, other.signal);
  const ended = endingAfter(60_000, other.signal);
  stopped.stop();
  other.abort();
  expect([stopped.signal.aborted, stopped.isTimeUp()]).toEqual([false, false]);
  expect([ended.signal.aborted, ended.isTimeUp()]).toEqual([true, false]);
  expect(endingAfter(60_000, other.signal).signal.aborted).toBe(true);
});
