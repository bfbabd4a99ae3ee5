import { describe, expect, it } from "vitest";
import { changed, ended, running } from "../../../test/support/one-object.ts";
import { admittedQuota } from "../../../test/support/quotas.ts";
import { spec, startOfTest as now } from "../../../test/support/world-builder.ts";
import { ContainerSpecSpec } from "../../api/container.ts";
import type { Ulimit } from "../../api/ulimit.ts";
import { decide } from "../decide.ts";
import type { World } from "../world.ts";
import { effectiveLimits } from "./effective.ts";
import { resolveQuota } from "./resolve.ts";
import { ulimitText } from "./ulimits.ts";
import { violations } from "./violations.ts";

const minute = 60_000;
const nofile = (soft: number | "unlimited", hard: number | "unlimited" = soft): Ulimit => ({
  name: "nofile",
  soft,
  hard,
});
const memlock: Ulimit = { name: "memlock", soft: "unlimited", hard: "unlimited" };

function quota(usual: readonly Ulimit[], most: readonly Ulimit[] = []) {
  const perContainer = { default: { ulimits: [...usual] }, max: { ulimits: [...most] } };
  return resolveQuota("alice", [], [admittedQuota("q", { subjects: { default: true }, perContainer })]);
}

describe("ulimits", () => {
  it.each([
    [[], [], [], ""],
    [[nofile(5)], [nofile(3)], [nofile(9)], "spec nofile=5:5"],
    [[], [nofile(3)], [nofile(9)], "quota nofile=3:3"],
    [[], [], [nofile(9)], "quota nofile=9:9"],
    [[], [nofile(20, "unlimited")], [nofile(9, 10)], "quota nofile=10:10"],
    [[nofile(5)], [memlock], [], "quota memlock=-1:-1, spec nofile=5:5"],
  ])("written %j, default %j, max %j: %s", (written, usual, most, expected) => {
    const own = spec(written.length === 0 ? {} : { resources: { ulimits: written } });
    const found = effectiveLimits(own, quota(usual, most), () => "").ulimits;
    expect(found.map((one) => `${one.origin.from} ${ulimitText(one)}`).join(", ")).toBe(expected);
  });

  it("must be refused above the quota's, also when unlimited", () => {
    const asked = spec({ resources: { ulimits: [nofile(1, 11), memlock] } });
    const bounds = quota([], [nofile(10), { name: "memlock", soft: 64, hard: 64 }]);
    const found = violations(asked, bounds, { object: "alice/train", devices: [], realPaths: new Map() });
    expect(found.map(({ message }) => message)).toEqual([
      expect.stringContaining('asks for ulimit nofile 11; quota "q" allows 10 in one container'),
      expect.stringContaining('asks for ulimit memlock unlimited; quota "q" allows 64 in one container'),
    ]);
  });

  it.each([
    ["soft above hard", [nofile(2, 1)]],
    ["soft unlimited below a hard limit", [nofile("unlimited", 1)]],
    ["a name twice", [nofile(1), nofile(2)]],
    ["a name that Docker does not know", [{ ...nofile(1), name: "files" }]],
  ])("must not be written with %s", (_what, ulimits) => {
    expect(ContainerSpecSpec.safeParse({ image: "a", resources: { ulimits } }).success).toBe(false);
  });

  it("of a quota must wait for the next start of what runs, and then be there", () => {
    const start: World = { ...running(), quota: quota([nofile(3)]) };
    const told = decide(start, now + minute);
    expect(told.steps).toEqual([]);
    expect(told.status.pendingLimits).toEqual([
      { name: "ulimit nofile", value: "the engine's default", wanted: "3:3" },
    ]);
    const { steps } = decide(changed(start, ended(now + minute)), now + minute);
    expect(steps).toMatchObject([
      { do: "create", container: { ulimits: [{ name: "nofile", soft: 3, hard: 3 }] } },
    ]);
  });
});
