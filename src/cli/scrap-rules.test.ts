import { describe, expect, it } from "vitest";
import { mountPoints, scrapRefusal, writtenRefusal } from "./scrap-rules.ts";

const around = { workspace: "/workspace/project", mounts: ["/", "/workspace", "/data/shared", "/etc/hosts"] };

describe("what scrap removes", () => {
  it.each([
    "/workspace/project/old",
    "/workspace/results",
    "/tmp/x",
    "/home/alice",
    "/data/mine",
    "/var/tmp/x",
  ])("%s", (path) => expect(scrapRefusal(path, around)).toBeNull());

  it.each([
    ["/", "containers need"],
    ["/tmp/", "containers need"],
    ["/usr/lib/x", "belongs to the system (/usr)"],
    ["/proc/1", "belongs to the system (/proc)"],
    ["/workspace/project", "is the workspace"],
    ["/workspace", "is the workspace, or contains it"],
    ["/data/shared", "is a mount"],
    ["/data", "contains a mount (/data/shared)"],
    ["/tmp/../data", "contains a mount"],
  ])("not %s", (path, why) => expect(scrapRefusal(path, around)).toContain(why));

  it("nothing that is written with ..", () => {
    expect(writtenRefusal("a/../../x")).toContain('".."');
    expect(writtenRefusal("")).toContain("empty");
    expect(writtenRefusal("a/..b")).toBeNull();
  });

  it("reads where the kernel has mounts", () => {
    const line = String.raw`36 35 98:0 /mnt1 /my\040data rw,noatime master:1 - ext3 /dev/root rw`;
    expect(mountPoints(`${line}\n`)).toEqual(["/my data"]);
  });
});
