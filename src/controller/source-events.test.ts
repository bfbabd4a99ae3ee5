import { expect, test } from "vitest";
import type { SyncReport } from "../ports/spec-source.ts";
import type { KnownSource } from "./source-book.ts";
import { sourceEvent } from "./source-events.ts";

const [older, newer] = ["0ld1".repeat(10), "4f1c".repeat(10)];
const report: SyncReport = {
  attemptedAt: 1,
  revision: newer,
  appliedRevision: newer,
  appliedAt: 1,
  failure: null,
};

/** A source after an attempt. */
function known(of: SyncReport): KnownSource {
  const source = {
    name: "lab",
    place: { type: "git", url: "https://git.example/lab", ref: "main" },
  } as const;
  return { source, state: { type: "synced", files: 1 }, report: of };
}

test("a revision that is new is told, once", () => {
  const before = known({ ...report, appliedRevision: older });
  expect(sourceEvent(known(report), before)).toMatchObject({ type: "Normal", reason: "SourceSynced" });
  expect(sourceEvent(known({ ...report, attemptedAt: 2 }), known(report))).toBeNull();
});

test("one that does not go on from what was in effect is told with both, once", () => {
  const rewritten = known({ ...report, rewrittenFrom: older });
  expect(sourceEvent(rewritten, known(report))).toMatchObject({
    type: "Warning",
    reason: "HistoryRewritten",
    message: expect.stringMatching(
      new RegExp(`^${newer} of main, .* does not go on from ${older}`),
    ) as string,
    about: { kind: "Source", name: "lab" },
  });
  expect(sourceEvent(known({ ...report, attemptedAt: 2 }), rewritten)).toBeNull();
});
