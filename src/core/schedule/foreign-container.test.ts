import { describe, expect, it } from "vitest";
import { originOf, ownerCandidates } from "./foreign-container.ts";

function container(change: {
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly mounts?: readonly string[];
  readonly user?: string;
}) {
  const mounts = (change.mounts ?? []).map((source) => ({
    type: "bind" as const,
    source,
    target: "/x",
    readOnly: false,
  }));
  return {
    name: change.name ?? "web",
    labels: change.labels ?? {},
    config: { mounts, user: change.user ?? "" },
  };
}

describe("the owner of a container that ds01 does not manage", () => {
  it.each([
    [
      "a label of ds01",
      { labels: { "ds01.user": "h.baker@lab.lan" } },
      { user: "h.baker@lab.lan", mustExist: false },
    ],
    ["a label of aime mlc", { labels: { "aime.mlc.USER": "dave" } }, { user: "dave", mustExist: false }],
    ["a uid behind the name", { name: "torch._.1004" }, { uid: 1004 }],
    ["a user behind the name", { name: "torch._.dave" }, { user: "dave", mustExist: true }],
    [
      "the folder of a dev container",
      { labels: { "devcontainer.local_folder": "/home/dave/code/x" } },
      { user: "dave", mustExist: true },
    ],
    [
      "the same opened from Windows",
      { labels: { "devcontainer.local_folder": String.raw`\\wsl.localhost\Ubuntu\home\dave\x` } },
      { user: "dave", mustExist: true },
    ],
    ["a mounted home", { mounts: ["/data", "/home/dave"] }, { user: "dave", mustExist: true }],
    [
      "the directory of a compose project",
      { labels: { "com.docker.compose.project.working_dir": "/home/dave/llm" } },
      { user: "dave", mustExist: true },
    ],
    ["the uid it runs as", { user: "1004:1004" }, { uid: 1004 }],
  ])("is read off %s", (_what, change, expected) => {
    expect(ownerCandidates(container(change))[0]).toEqual(expected);
  });

  it("is sought where it is most reliable first", () => {
    const labels = {
      "com.docker.compose.project.working_dir": "/home/carol/llm",
      "devcontainer.local_folder": "/home/bob/x",
      "ds01.user": "alice",
    };
    const found = ownerCandidates(container({ labels, mounts: ["/home/dave/data"], user: "1004" }));
    expect(found.map((one) => ("user" in one ? one.user : one.uid))).toEqual([
      "alice",
      "bob",
      "dave",
      "carol",
      1004,
    ]);
  });

  it("is nobody where nothing tells, least of all a number that the image brought", () => {
    expect(ownerCandidates(container({ user: "999", mounts: ["/srv/home-assistant", "/data"] }))).toEqual([]);
    expect(ownerCandidates(container({ user: "postgres" }))).toEqual([]);
  });
});

describe("what made a container", () => {
  it.each([
    [{}, "web", "docker"],
    [{ "com.docker.compose.project": "llm" }, "llm-web-1", "compose llm"],
    [{ "devcontainer.local_folder": "/x", "com.docker.compose.project": "x" }, "x-app-1", "devcontainer"],
    [{ "aime.mlc.USER": "dave" }, "torch._.1004", "aime mlc"],
    [{ "ds01.managed": "true" }, "train._.alice", "another ds01"],
    [{}, "vsc-app-0123", "devcontainer"],
  ])("%j", (labels, name, origin) => {
    expect(originOf({ name, labels })).toBe(origin);
  });
});
