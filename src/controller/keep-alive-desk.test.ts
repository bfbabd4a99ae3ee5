import { expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { MemoryDocument } from "../../test/support/memory-document.ts";
import { MemoryStore } from "../../test/support/memory-store.ts";
import { silentLog } from "../../test/support/silent-log.ts";
import { record } from "../../test/support/world-builder.ts";
import { KeepAliveDesk } from "./keep-alive-desk.ts";

const hour = 3_600_000;

test.each([48 * hour, -48 * hour])(
  "what is kept for two hours is kept for two hours when the clock is set by %d ms, over a restart too",
  async (byMs) => {
    const [clock, store, document] = [new ManualClock(), new MemoryStore(), new MemoryDocument()];
    const own = record({ resourceVersion: 0 });
    await store.put(own);
    const newDesk = (): KeepAliveDesk =>
      new KeepAliveDesk({
        document,
        store,
        events: { record: () => undefined },
        clock,
        log: silentLog(),
        longestMs: 24 * hour,
        onChange: () => undefined,
      });
    const until = await newDesk().keep(own.namespace, own.name, { forMs: 2 * hour, by: "alice" });
    clock.jumpTo(clock.now() + byMs);
    const desk = newDesk();
    clock.advance(2 * hour - 1000);
    expect(desk.reasonFor(own, null)).toContain(new Date((until ?? 0) + byMs).toISOString().slice(0, 19));
    clock.advance(1000);
    expect(desk.reasonFor(own, null)).toBeUndefined();
  },
);
