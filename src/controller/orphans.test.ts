import { expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { MemoryStore } from "../../test/support/memory-store.ts";
import { running } from "../../test/support/one-object.ts";
import { Orphans } from "./orphans.ts";

test.each([86_400_000, -86_400_000])(
  "what no spec declares waits for ten seconds when the clock is set by %d ms meanwhile",
  async (byMs) => {
    const [clock, vanished]: [ManualClock, string[]] = [new ManualClock(), []];
    const orphans = new Orphans({
      store: new MemoryStore(),
      instance: "test",
      clock,
      events: { record: () => undefined },
      sourceName: "specs",
      prunes: { vanished: ({ name }) => void vanished.push(name) },
      rejectedFile: () => undefined,
      onChange: () => undefined,
    });
    const lost = running().containers.map((container) => ({
      ...container,
      labels: { ...container.labels, "ds01.instance": "test" },
    }));
    await orphans.review(lost);
    clock.advance(4000);
    clock.jumpTo(clock.now() + byMs);
    await orphans.review(lost);
    clock.advance(5000);
    await orphans.review(lost);
    expect(vanished).toEqual([]);
    clock.advance(1000);
    await orphans.review(lost);
    expect(vanished).toHaveLength(1);
  },
);
