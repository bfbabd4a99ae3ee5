import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Namespace, ObjectName } from "../../api/fields.ts";
import { containerName, isReplacementName, replacementName, sanitizedUser } from "./container-name.ts";

const dockerName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
/** Few letters, so that names that nearly collide come up often. */
const names = fc
  .string({ unit: fc.constantFrom("a", "b", "0", "-", "."), minLength: 1, maxLength: 8 })
  .filter((name) => ObjectName.safeParse(name).success);
const plainUsers = fc
  .string({ unit: fc.constantFrom("a", "_", ".", "@", "-", "0"), minLength: 1, maxLength: 8 })
  .filter((user) => Namespace.safeParse(user).success);
/** Users who are called what ds01 calls somebody else or something else. */
const trickyUsers = fc.oneof(
  plainUsers,
  plainUsers.map(sanitizedUser),
  fc.tuple(plainUsers, fc.nat({ max: 3 })).map(([user, generation]) => `${user}.ds01-${generation}`),
  fc.tuple(plainUsers, plainUsers).map(([left, right]) => `${left}._.${right}`),
);
const objects = fc.record({ namespace: trickyUsers, name: names, generation: fc.nat({ max: 3 }) });

describe("containerName", () => {
  it("stays as users know it for plain user names", () => {
    expect(containerName("alice", "train")).toBe("train._.alice");
    expect(containerName("h.baker-2_x", "train")).toBe("train._.h.baker-2_x");
  });

  it("cleans LDAP names and keeps them apart by a hash that never changes", () => {
    expect(containerName("h.baker@example.org", "train")).toBe("train._.h.baker_example.org-e9c3a01a");
    expect(replacementName("alice", "train", 7)).toBe("train._.alice.ds01-7");
  });

  it("never gives two objects one name, nor a replacement the name of an object", () => {
    fc.assert(
      fc.property(objects, objects, (left, right) => {
        const [one, other] = [left, right].map(({ namespace, name }) => containerName(namespace, name));
        const same = left.namespace === right.namespace && left.name === right.name;
        expect(one === other).toBe(same);
        const made = replacementName(right.namespace, right.name, right.generation);
        expect(one).not.toBe(made);
        expect(isReplacementName(one ?? "")).toBe(false);
        expect(isReplacementName(made)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it("makes names that Docker accepts", () => {
    fc.assert(
      fc.property(objects, ({ namespace, name, generation }) => {
        expect(containerName(namespace, name)).toMatch(dockerName);
        expect(replacementName(namespace, name, generation)).toMatch(dockerName);
      }),
    );
  });
});
