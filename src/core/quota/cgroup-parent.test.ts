import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { propertyRuns } from "../../../test/support/property-runs.ts";
import { cgroupParent, cgroupPath, isBelowRoot } from "./cgroup-parent.ts";

describe("cgroupParent", () => {
  it("must name the user below the group, in the engine's way", () => {
    expect(cgroupParent("cgroupfs", "ds01", "students", "alice")).toBe("/ds01/students/alice");
    expect(cgroupParent("systemd", "ds01", "students", "alice")).toBe("ds01-students-alice.slice");
    expect(cgroupParent("cgroupfs", "/lab/ds01", "students", "alice")).toBe("/lab/ds01/students/alice");
  });

  it("must write a dash of a name as systemd-escape does, because a dash separates slices", () => {
    const slice = cgroupParent("systemd", "ds01", "phd-students", "mary-ann");
    expect(slice).toBe(String.raw`ds01-phd\x2dstudents-mary\x2dann.slice`);
    expect(cgroupPath(slice)).toBe(
      String.raw`/ds01.slice/ds01-phd\x2dstudents.slice/ds01-phd\x2dstudents-mary\x2dann.slice`,
    );
  });

  it.each(["cgroup.procs", "memory.max", "tasks", "_x"])(
    "must give a user called %s no name of the kernel's",
    (user) => {
      const parent = cgroupParent("cgroupfs", "ds01", "g", user);
      expect(parent).toMatch(/^\/ds01\/g\/[a-z.]+-[0-9a-f]{8}$/);
    },
  );

  const names = fc.oneof(
    fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,40}$/),
    fc.constantFrom(
      "a-b",
      "a",
      "b",
      "j.smith@a",
      "j_smith@a",
      "j.smith_a",
      "tasks",
      "x".repeat(250),
      "-".repeat(1),
    ),
  );

  it.each(["cgroupfs", "systemd"] as const)("must never give two users one cgroup (%s)", (driver) => {
    fc.assert(
      fc.property(names, names, names, names, (group, user, otherGroup, other) => {
        const one = cgroupParent(driver, "ds01", group, user);
        const two = cgroupParent(driver, "ds01", otherGroup, other);
        expect(one === two).toBe(group === otherGroup && user === other);
        expect(isBelowRoot(driver, "ds01", one)).toBe(true);
        expect(isBelowRoot(driver, "ds02", one)).toBe(false);
        expect(one.length).toBeLessThan(250);
        expect(cgroupPath(one).split("/").length).toBe(4);
      }),
      propertyRuns,
    );
  });
});
