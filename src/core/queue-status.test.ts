import { expect, test } from "vitest";
import { waitingOutcome, type WaitingOutcome } from "../../test/support/waiting-outcome.ts";
import { queueStatus } from "./queue-status.ts";

const minute = 60_000;

function waiting(eta: number | null): WaitingOutcome {
  return waitingOutcome({ position: 2, of: 3, eta, basis: eta === null ? "unknown" : "limit" });
}

test("says place, priority, since when, and the expected start", () => {
  expect(queueStatus(waiting(20 * minute), undefined)).toEqual({
    position: 2,
    of: 3,
    priority: 50,
    since: "1970-01-01T00:00:00Z",
    basis: "limit",
    eta: "1970-01-01T00:20:00Z",
  });
});

test("keeps the earliest promise beside a start that has slipped, however often it slips", () => {
  const first = queueStatus(waiting(20 * minute), undefined);
  const second = queueStatus(waiting(30 * minute), first);
  expect(second).toMatchObject({ eta: "1970-01-01T00:30:00Z", promised: "1970-01-01T00:20:00Z" });
  expect(queueStatus(waiting(40 * minute), second).promised).toBe("1970-01-01T00:20:00Z");
  expect(queueStatus(waiting(null), second)).toMatchObject({ promised: "1970-01-01T00:20:00Z" });
  expect(queueStatus(waiting(null), second)).not.toHaveProperty("eta");
  expect(queueStatus(waiting(30 * minute), second)).toEqual(second);
});

test("makes nothing of a minute, nor of an earlier start", () => {
  const first = queueStatus(waiting(20 * minute), undefined);
  expect(queueStatus(waiting(21 * minute), first)).not.toHaveProperty("promised");
  expect(queueStatus(waiting(10 * minute), first)).not.toHaveProperty("promised");
});
