import { describe, expect, test } from "vitest";
import type { StoredRecord } from "../../src/core/record.ts";
import type { Store, StoreChange } from "../../src/ports/store.ts";
import { ConflictError } from "../../src/util/errors.ts";
import { containerRecord, quotaRecord } from "../support/records.ts";

/** What every Store does; `open` makes an empty one for the running test. */
export function storeContract(name: string, open: () => Store): void {
  describe(`${name} as a Store`, () => {
    test("keeps a record under its key and gives it a resourceVersion", async () => {
      const store = open();
      const stored = await store.put(containerRecord("alice", "train"));
      expect(stored.resourceVersion).toBeGreaterThan(0);
      expect(store.get("ContainerSpec", "alice/train")).toEqual(stored);
      expect(store.get("ContainerSpec", "bob/train")).toBeUndefined();
      expect(store.get("QuotaSpec", "alice/train")).toBeUndefined();
      expect(store.resourceVersion()).toBe(stored.resourceVersion);
    });

    test("shows a write in memory and to listeners before it is durable", () => {
      const store = open();
      const seen: StoreChange<StoredRecord["kind"]>[] = [];
      store.onChange((change) => seen.push(change));
      const written = store.put(containerRecord("alice", "train"));
      expect(store.get("ContainerSpec", "alice/train")).toBeDefined();
      expect(seen.map(({ type, record }) => [type, record.name])).toEqual([["ADDED", "train"]]);
      return written;
    });

    test("lists one kind in the order of keys", async () => {
      const store = open();
      for (const [namespace, name] of [
        ["bob", "a"],
        ["alice", "z"],
        ["alice", "b"],
      ] as const)
        await store.put(containerRecord(namespace, name));
      await store.put(quotaRecord("students"));
      const keys = (): string[] =>
        store.list("ContainerSpec").map((record) => `${record.namespace}/${record.name}`);
      expect(keys()).toEqual(["alice/b", "alice/z", "bob/a"]);
      await store.delete("ContainerSpec", "alice/z");
      expect(keys()).toEqual(["alice/b", "bob/a"]);
      expect(store.list("QuotaSpec").map((record) => record.name)).toEqual(["students"]);
    });

    test("refuses a record that was made from another version than the stored one", async () => {
      const store = open();
      const first = await store.put(containerRecord("alice", "train"));
      const second = await store.put({ ...first, generation: 2 });
      await expect(store.put({ ...first, generation: 3 })).rejects.toThrow(ConflictError);
      await expect(store.put(containerRecord("alice", "train"))).rejects.toThrow(ConflictError);
      await expect(store.put({ ...containerRecord("alice", "other"), resourceVersion: 7 })).rejects.toThrow(
        ConflictError,
      );
      expect(() => store.putSoon({ ...first, generation: 3 })).toThrow(ConflictError);
      expect(store.get("ContainerSpec", "alice/train")).toEqual(second);
    });

    test("keeps the resourceVersion and tells nobody when nothing changes", async () => {
      const store = open();
      const first = await store.put(containerRecord("alice", "train", { labels: { a: "1", b: "2" } }));
      const seen: unknown[] = [];
      store.onChange((change) => seen.push(change));
      const again = await store.put({ ...first, labels: { b: "2", a: "1" } });
      expect(again.resourceVersion).toBe(first.resourceVersion);
      expect(store.putSoon({ ...first }).resourceVersion).toBe(first.resourceVersion);
      expect(seen).toEqual([]);
    });

    test("tells of additions, changes and deletions with growing resourceVersions", async () => {
      const store = open();
      const seen: [string, number][] = [];
      const stop = store.onChange(({ type, record }) => seen.push([type, record.resourceVersion]));
      const first = await store.put(containerRecord("alice", "train"));
      store.putSoon({ ...first, generation: 2 });
      const event = store.nextResourceVersion();
      await store.delete("ContainerSpec", "alice/train");
      await store.delete("ContainerSpec", "alice/train");
      stop();
      await store.put(quotaRecord("students"));
      expect(seen.map(([type]) => type)).toEqual(["ADDED", "MODIFIED", "DELETED"]);
      const versions = [seen[0]![1], seen[1]![1], event, seen[2]![1], store.resourceVersion()];
      expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
    });

    test("takes a record back after it was deleted", async () => {
      const store = open();
      await store.put(containerRecord("alice", "train"));
      await store.delete("ContainerSpec", "alice/train");
      const stored = await store.put(containerRecord("alice", "train"));
      expect(store.get("ContainerSpec", "alice/train")).toEqual(stored);
      await store.flush();
    });
  });
}
