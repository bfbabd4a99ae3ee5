import { describe, expect, it, test } from "vitest";
import type { DeletedObject } from "../../src/api/deleted-object.ts";
import { TombstoneBook } from "../../src/controller/tombstone-book.ts";
import type { StateDocument } from "../../src/ports/state-document.ts";
import { record, spec } from "../support/world-builder.ts";
import { startApiBed } from "../support/api-bed.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { MemoryDocument } from "../support/memory-document.ts";
import { silentLog } from "../support/silent-log.ts";

const path = "/apis/ds01.io/v1alpha1/deleted-objects";

describe("what was deleted", () => {
  const whole = record({ spec: spec({}) });

  test("is known to the next controller, for a day", async () => {
    const document = new MemoryDocument();
    const clock = new ManualClock();
    const options = { document, clock, log: silentLog() };
    const held = { ...whole, memory: { ...whole.memory, lastGpus: ["GPU-1"] } };
    await new TombstoneBook(options).note(held, "its file is gone");

    const next = new TombstoneBook(options);
    expect(next.list()).toMatchObject([{ name: whole.name, spec: whole.spec, cause: "its file is gone" }]);
    expect(next.recall(whole)).toMatchObject({ memory: { formerGpus: ["GPU-1"] } });
    clock.advance(24 * 3_600_000 - 1);
    expect(next.list()).toHaveLength(1);
    clock.advance(1);
    expect(next.list()).toEqual([]);
    expect(next.recall(whole)).toBe(whole);
  });

  test("is deleted though it cannot be written down, and known meanwhile", async () => {
    const document: StateDocument = {
      read: () => null,
      write: async () => Promise.reject(new Error("no space left")),
    };
    const book = new TombstoneBook({ document, clock: new ManualClock(), log: silentLog() });
    await book.note(whole, "x");
    expect(book.list()).toHaveLength(1);
  });

  test.each([[{ version: 2 }], ["text"], [{ version: 1, tombstones: [{ kind: "Pod" }] }]])(
    "is forgotten where the document is %j",
    (value) => {
      const document: StateDocument = { read: () => value, write: async () => undefined };
      const book = new TombstoneBook({ document, clock: new ManualClock(), log: silentLog() });
      expect(book.list()).toEqual([]);
    },
  );

  it("is told to those who may declare it again, as it holds all that they had written", async () => {
    const bed = await startApiBed();
    const of = (kind: DeletedObject["kind"], namespace: string): DeletedObject => ({
      kind,
      namespace,
      name: "one",
      path: "x.yaml",
      deletedAt: "2026-01-05T08:00:00Z",
      until: "2026-01-06T08:00:00Z",
      cause: "its file is gone",
      document: { apiVersion: "ds01.io/v1alpha1", kind, metadata: { name: "one" }, spec: {} },
    });
    bed.control.deleted = [
      of("ContainerSpec", "alice"),
      of("ContainerSpec", "bob"),
      of("QuotaSpec", ""),
      of("ReservationSpec", ""),
    ];
    const seen = async (): Promise<readonly string[]> =>
      ((await bed.json(path)) as readonly DeletedObject[]).map(
        ({ kind, namespace }) => `${kind} ${namespace}`,
      );

    bed.actAs("alice");
    expect(await seen()).toEqual(["ContainerSpec alice"]);
    bed.actAs("root");
    expect(await seen()).toEqual([
      "ContainerSpec alice",
      "ContainerSpec bob",
      "QuotaSpec ",
      "ReservationSpec ",
    ]);
  });
});
