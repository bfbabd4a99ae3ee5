import { expect, test } from "vitest";
import { may } from "./access.ts";
import type { AccessResource, Caller } from "./access.ts";

const plain: Caller = { uid: 1001, user: "alice", groups: [], admin: false, seesAll: false };
const curious: Caller = { ...plain, seesAll: true };
const admin: Caller = { ...plain, admin: true, seesAll: true };

/** What of these the caller may read in a place. */
function readable(
  caller: Caller,
  resources: readonly AccessResource[],
  namespace: string | undefined,
): AccessResource[] {
  return resources.filter((resource) => may(caller, "list", resource, namespace));
}

const owned: readonly AccessResource[] = [
  "containers",
  "containers/description",
  "pods",
  "events",
  "pods/log",
];

test("users read what is in their own namespace, and others' only where it is shown", () => {
  expect(readable(plain, owned, "alice")).toEqual(owned);
  expect(readable(plain, owned, "bob")).toEqual([]);
  expect(readable(curious, owned, "bob")).toEqual(["containers", "containers/description", "pods"]);
  expect(readable(admin, owned, "bob")).toEqual(owned);
});

test("lists over all namespaces are for everybody, as they show only what the caller may see", () => {
  expect(readable(plain, owned, undefined)).toEqual(["containers", "pods", "events"]);
  expect(may(plain, "create", "containers", undefined)).toBe(false);
  expect(may(plain, "list", "pods/log", undefined)).toBe(false);
});

test("a Namespace is read by whose it is", () => {
  expect(may(plain, "get", "namespaces", "alice")).toBe(true);
  expect(may(plain, "get", "namespaces", "bob")).toBe(false);
  expect(may(curious, "get", "namespaces", "bob")).toBe(true);
  expect(may(curious, "create", "namespaces", "alice")).toBe(false);
});

test("only admins write what concerns everybody", () => {
  for (const resource of ["quotas", "reservations", "gpus"] as const) {
    expect(may(plain, "get", resource, undefined), resource).toBe(true);
    expect(may(curious, "patch", resource, undefined), resource).toBe(false);
    expect(may(admin, "patch", resource, undefined), resource).toBe(true);
  }
});
