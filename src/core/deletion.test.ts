import { expect, test } from "vitest";
import { running } from "../../test/support/one-object.ts";
import { startOfTest as start } from "../../test/support/world-builder.ts";
import { decide } from "./decide.ts";
import type { World } from "./world.ts";

/** Its file is gone; `change` is what else is so. */
function deleted(change: Partial<World> = {}): ReturnType<typeof decide> {
  const world = running();
  const deletion = { requestedAt: start, cause: "its file is gone" };
  return decide({ ...world, ...change, record: { ...world.record, deletion } }, start + 60_000);
}

test("an object is forgotten only when a complete look shows that nothing of it is left", () => {
  expect(deleted({ containers: [] }).gone).toBe(true);
  expect(deleted().gone).toBe(false);
  expect(deleted({ containers: [], engineReady: false }).gone).toBe(false);
  expect(deleted({ containers: [], sourceSynced: false }).gone).toBe(false);
});
