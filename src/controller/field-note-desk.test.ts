import { describe, expect, it } from "vitest";
import { MemoryStore } from "../../test/support/memory-store.ts";
import { containerRecord } from "../../test/support/records.ts";
import { spec } from "../../test/support/world-builder.ts";
import type { ManagedFieldsEntry } from "../api/managed-fields.ts";
import type { ContainerRecord } from "../core/record.ts";
import { FieldNoteDesk } from "./field-note-desk.ts";

const ann: ManagedFieldsEntry = {
  manager: "ann",
  operation: "Apply",
  apiVersion: "ds01.io/v1alpha1",
  fieldsType: "FieldsV1",
  fieldsV1: { "f:spec": { "f:hostname": {}, "f:image": {} } },
};
const train = { kind: "ContainerSpec", namespace: "alice", name: "train" } as const;

function recordWith(contentHash: string, changes: Partial<ContainerRecord> = {}): ContainerRecord {
  const record = containerRecord("alice", "train", { spec: spec({ hostname: "one" }), ...changes });
  return { ...record, source: { ...record.source, contentHash } };
}

it("notes who wrote a text when it is taken in, and not before", async () => {
  const store = new MemoryStore();
  const desk = new FieldNoteDesk(store, () => 0);
  const before = await store.put(recordWith("old"));
  await desk.note({ ...train, contentHash: "new", notes: { managedFields: [ann], lastApplied: "{}" } });
  expect(store.get("ContainerSpec", "alice/train")?.managedFields).toBeUndefined();
  const other = recordWith("another");
  expect(desk.noted(before, other)).toBe(other);
  expect(desk.noted(before, recordWith("new"))).toMatchObject({ managedFields: [ann], lastApplied: "{}" });
  // Once is enough: the same text put back by hand later says nothing of who wrote it first.
  expect(desk.noted(before, recordWith("new"))).not.toHaveProperty("managedFields");
});

it("notes at once what is about the text that is there", async () => {
  const store = new MemoryStore();
  const desk = new FieldNoteDesk(store, () => 0);
  const { resourceVersion } = await store.put(recordWith("same"));
  await desk.note({ ...train, contentHash: "same", notes: { managedFields: [ann] } });
  const noted = store.get("ContainerSpec", "alice/train");
  expect(noted?.managedFields).toEqual([ann]);
  expect(noted?.resourceVersion).toBeGreaterThan(resourceVersion);
  await desk.note({ ...train, contentHash: "same", notes: { managedFields: [] } });
  expect(store.get("ContainerSpec", "alice/train")).not.toHaveProperty("managedFields");
});

it("takes an edit of the file for one of its source, where anybody has used the API", () => {
  const desk = new FieldNoteDesk(new MemoryStore(), () => Date.UTC(2026, 0, 2));
  const tracked = recordWith("old", { managedFields: [ann], lastApplied: "{}" });
  const edited = recordWith("new", { ...tracked, spec: spec({ hostname: "two" }) });
  const { managedFields, lastApplied } = desk.noted(tracked, edited);
  expect(managedFields?.map(({ manager, time, fieldsV1 }) => ({ manager, time, fieldsV1 }))).toEqual([
    { manager: "ann", time: undefined, fieldsV1: { "f:spec": { "f:image": {} } } },
    { manager: "specs", time: "2026-01-02T00:00:00Z", fieldsV1: { "f:spec": { "f:hostname": {} } } },
  ]);
  expect(lastApplied).toBe("{}");
  const moved = recordWith("comment", tracked);
  expect(desk.noted(tracked, moved)).toBe(moved);
  const untouched = recordWith("new", { spec: spec({ hostname: "two" }) });
  expect(desk.noted(recordWith("old"), untouched)).toBe(untouched);
});

describe("what was announced and never taken in", () => {
  const notes = { managedFields: [ann] };

  function announcing(): {
    readonly desk: FieldNoteDesk;
    readonly announce: (name: string, contentHash?: string) => Promise<void>;
    readonly isKept: (name: string) => boolean;
    readonly pass: (ms: number) => void;
  } {
    let now = 0;
    const desk = new FieldNoteDesk(new MemoryStore(), () => now);
    return {
      desk,
      announce: (name, contentHash = "new") => desk.note({ ...train, name, contentHash, notes }),
      isKept: (name) => "managedFields" in desk.noted(undefined, { ...recordWith("new"), name }),
      pass: (ms) => {
        now += ms;
      },
    };
  }

  it("is forgotten after half a minute", async () => {
    const { desk, announce, isKept, pass } = announcing();
    await announce("one");
    await announce("two");
    pass(29_999);
    await announce("three");
    expect(isKept("one")).toBe(true);
    pass(1);
    expect(desk.announced).toBe(2);
    expect(isKept("two")).toBe(false);
    expect(desk.announced).toBe(1);
    expect(isKept("three")).toBe(true);
    expect(desk.announced).toBe(0);
  });

  it("is forgotten where the file could not be written, and nothing else with it", async () => {
    const { desk, announce, isKept } = announcing();
    await announce("one", "old");
    await announce("one");
    desk.takeBack({ ...train, name: "one", contentHash: "old", notes });
    expect(desk.announced).toBe(1);
    expect(isKept("one")).toBe(true);
    await announce("two");
    desk.takeBack({ ...train, name: "two", contentHash: "new", notes });
    expect(desk.announced).toBe(0);
  });

  it("is forgotten where there is too much of it, the oldest first", async () => {
    const { desk, announce, isKept } = announcing();
    for (let index = 0; index < 1000; index += 1) await announce(`c${index}`);
    await announce("c744");
    await announce("last");
    expect(desk.announced).toBe(256);
    expect([isKept("c744"), isKept("c745"), isKept("c746"), isKept("last")]).toEqual([
      true,
      false,
      true,
      true,
    ]);
  });
});
