import { describe, expect, it } from "vitest";
import { mountInTheWay, type CopyMount } from "./copies.ts";

const mount = (type: CopyMount["type"], target: string, readOnly = false): CopyMount => ({
  type,
  target,
  readOnly,
});

describe("a copy into a container", () => {
  it.each([
    ["a path of its own", "/app", [mount("bind", "/data"), mount("tmpfs", "/tmp")], null],
    ["a name that begins like a mount's", "/data2", [mount("bind", "/data")], null],
    ["a volume", "/models/x", [mount("volume", "/models")], null],
    ["above a volume", "/srv", [mount("volume", "/srv/models")], null],
    ["a host path", "/data/x", [mount("bind", "/data")], /^it lies in \/data, a host path/],
    ["above a host path", "/app", [mount("bind", "/app/data")], /^it has \/app\/data below it, a host path/],
    ["the root of all", "/app", [mount("bind", "/")], /^it lies in \/, a host path/],
    ["memory", "/tmp/x", [mount("tmpfs", "/tmp")], /^it lies in \/tmp, memory/],
    ["a read-only volume", "/m/x", [mount("volume", "/m", true)], /^it lies in \/m, which is read-only/],
    [
      "a volume beside a host path",
      "/m/x",
      [mount("volume", "/m"), mount("bind", "/data")],
      /beside a host path at \/data/,
    ],
  ] as const)("to %s", (_what, to, mounts, expected) => {
    const why = mountInTheWay(to, mounts);
    if (expected === null) expect(why).toBeNull();
    else expect(why).toMatch(expected);
  });
});
