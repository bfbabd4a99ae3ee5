import { describe, expect, it } from "vitest";
import type { ApiObject } from "../api/meta.ts";
import { ObjectCache } from "./object-cache.ts";

function object(name: string, version: number): ApiObject {
  const metadata = { name, uid: name, resourceVersion: String(version), creationTimestamp: "" };
  return { apiVersion: "v1", kind: "Thing", metadata };
}

function cacheAt(
  start: number,
  historyLength = 2,
): { readonly cache: ObjectCache; readonly counter: { at: number } } {
  const counter = { at: start };
  const versions = { current: () => counter.at, next: () => (counter.at += 1) };
  return { cache: new ObjectCache(versions, historyLength, [object("a", 3)]), counter };
}

describe("ObjectCache", () => {
  it("gives a change that comes late a version which nobody has been told yet", () => {
    const { cache } = cacheAt(10);
    const listed = cache.version();
    cache.record(object("b", 9), false);
    expect(cache.next(listed)).toMatchObject({
      type: "ADDED",
      resourceVersion: 11,
      object: { metadata: { name: "b", resourceVersion: "11" } },
    });
  });

  it("keeps the version of a change that is newer than everything told", () => {
    const { cache, counter } = cacheAt(10);
    counter.at = 12;
    cache.record(object("a", 12), false);
    expect(cache.next(10)).toMatchObject({ type: "MODIFIED", resourceVersion: 12 });
    expect(cache.next(12)).toBeUndefined();
  });

  it("gives a deletion, whose object carries its last version, one of its own", () => {
    const { cache } = cacheAt(10);
    cache.record(object("a", 3), true);
    cache.record(object("a", 3), true);
    expect(cache.next(10)).toMatchObject({ type: "DELETED", resourceVersion: 11 });
    expect(cache.next(11)).toBeUndefined();
    expect(cache.list()).toEqual([]);
  });

  it("forgets the oldest changes and says so to who would need them", () => {
    const { cache, counter } = cacheAt(0);
    for (let version = 1; version <= 4; version += 1) {
      counter.at = version;
      cache.record(object("b", version), false);
    }
    expect(cache.oldest()).toBe(2);
    expect(cache.next(1)).toBe("expired");
    expect(cache.next(2)).toMatchObject({ resourceVersion: 3 });
    expect(cache.next(5)).toBe("expired");
  });

  it("keeps little more than it is to keep, so that what a busy controller takes does not rise and fall", () => {
    const { cache, counter } = cacheAt(0, 100);
    for (let version = 1; version <= 1000; version += 1) {
      counter.at = version;
      cache.record(object("b", version), false);
      expect(version - cache.oldest()).toBeLessThanOrEqual(111);
      expect(version - cache.oldest()).toBeGreaterThanOrEqual(Math.min(version, 100));
    }
  });
});
