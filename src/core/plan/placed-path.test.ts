import { describe, expect, it } from "vitest";
import type { HostPathFact } from "../world.ts";
import { leadsOutTo, lookedAtFor, placedPath } from "./placed-path.ts";

const place = { specsRoot: "/lab//specs", sourcePath: "users/alice/train.yaml" };
const directory = "/lab/specs/users/alice";

describe("a path that a spec names", () => {
  it("begins at the directory of its file unless it is absolute", () => {
    expect(placedPath("data/./set", place)).toEqual({ path: `${directory}/data/set`, within: directory });
    expect(placedPath("/data//set/", place)).toEqual({ path: "/data/set", within: null });
  });

  it("is looked at together with what it must not lead out of", () => {
    const placed = ["a", "b", "/c"].map((path) => placedPath(path, place));
    expect(lookedAtFor(placed)).toEqual([`${directory}/a`, directory, `${directory}/b`, "/c"]);
  });

  it("leads out by its links, as seen from where its directory really is", () => {
    const to = (realPath: string): HostPathFact => ({ kind: "File", realPath });
    const relative = placedPath("a", place);
    const hostPaths = new Map([
      [directory, to("/disk/alice")],
      [`${directory}/a`, to("/disk/alice-too/a")],
    ]);
    expect(leadsOutTo(relative, hostPaths)).toBe("/disk/alice-too/a");
    expect(leadsOutTo(relative, hostPaths.set(`${directory}/a`, to("/disk/alice/b/a")))).toBeNull();
    expect(leadsOutTo(placedPath("/a", place), new Map([["/a", to("/etc/shadow")]]))).toBeNull();
    expect(leadsOutTo(relative, new Map())).toBeNull();
  });
});
