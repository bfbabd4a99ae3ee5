import { expect, test } from "vitest";
import type { ContainerObject } from "./container-columns.ts";
import { containerColumns } from "./container-columns.ts";

test("the reason of what is overridden says by whom and for how long, and what becomes of its GPU", () => {
  const now = Date.parse("2026-11-30T09:00:00Z");
  const override = { desiredState: "Stopped", by: "alice", since: "2026-11-30T08:30:00Z" } as const;
  const object = {
    status: {
      phase: "Held",
      reason: "StopOverride",
      message: "stopped until 2026-11-30T10:30:00Z by alice, whatever Git says",
      override: { ...override, until: "2026-11-30T10:30:00Z" },
      holdUntil: "2026-11-30T09:10:00Z",
    },
  };
  const reason = containerColumns.find(({ name }) => name === "Reason");
  // Only what the column reads.
  const cell = reason?.cell(object as unknown as ContainerObject, now);
  expect(cell).toBe("StopOverride by alice, 90m more; GPU kept 10m more");
});
