import { expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { RollingAudit } from "./rolling-audit.ts";

test.each([1, 2, 3, 4, 7, 9, 40])("%i containers are all inspected within five minutes of lists", (count) => {
  const clock = new ManualClock();
  const audit = new RollingAudit(clock);
  const ids = Array.from({ length: count }, (_, index) => `c${index}`);
  audit.due(ids);
  for (let round = 0; round < 3; round += 1) {
    const seen = new Set<string>();
    for (let minute = 0; minute < 5; minute += 1) {
      clock.advance(60_000);
      for (const id of audit.due(ids)) seen.add(id);
    }
    expect([...seen].toSorted()).toEqual(ids.toSorted());
  }
});

test("a clock that was set back by a day holds nothing up", () => {
  const clock = new ManualClock();
  const audit = new RollingAudit(clock);
  audit.due(["one"]);
  clock.jumpTo(clock.now() - 86_400_000);
  audit.due(["one"]);
  clock.advance(300_000);
  expect(audit.due(["one"])).toEqual(["one"]);
});
