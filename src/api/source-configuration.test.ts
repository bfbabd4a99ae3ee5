import { describe, expect, it } from "vitest";
import { SourceConfiguration, SourcesConfiguration } from "./source-configuration.ts";

const git = (settings: object): object => ({
  name: "lab",
  git: { url: "https://git.example.org/specs", ...settings },
});
const accepted = (settings: object): boolean => SourceConfiguration.safeParse(git(settings)).success;

describe("the URL of a repository", () => {
  it.each([
    "https://git.example.org/lab/specs.git",
    "https://robot@git.example.org:8443/lab/specs",
    "ssh://git@git.example.org:2222/lab/specs.git",
    "git@git.example.org:lab/specs.git",
    "http://127.0.0.1:3000/specs.git",
    "/srv/git/specs.git",
    "file:///srv/git/specs.git",
  ])("may be %s", (url) => {
    expect(accepted({ url })).toBe(true);
  });

  it.each([
    ["runs a program", "ext::sh -c id"],
    ["runs a program", "fd::17"],
    ["can be changed on its way", "http://git.example.org/specs.git"],
    ["can be changed on its way", "git://git.example.org/specs.git"],
    ["is an option", "--upload-pack=id"],
    ["is an option of ssh", "ssh://-oProxyCommand=id/specs"],
    ["is an option of ssh", "-oProxyCommand=id:specs"],
    ["is an option of ssh", "git@-oProxyCommand=id:specs"],
    ["is a path that begins anywhere", "../specs.git"],
    ["has a password in it", "https://robot:s3cret@git.example.org/specs.git"],
    ["has a line break in it", "https://git.example.org/specs\n[core]"],
  ])("may be none that %s: %s", (_why, url) => {
    expect(accepted({ url })).toBe(false);
  });
});

it("takes a branch, or one of branch, tag and commit", () => {
  const commit = "0123456789abcdef0123456789abcdef01234567";
  for (const ref of ["main", "release/2.0", { branch: "main" }, { tag: "v1.0" }, { commit }]) {
    expect(accepted({ ref }), JSON.stringify(ref)).toBe(true);
  }
  for (const ref of [
    "--all",
    "a..b",
    "a:b",
    "+main",
    "main^",
    "",
    {},
    { tag: "v1", branch: "main" },
    { commit: "0123" },
  ]) {
    expect(accepted({ ref }), JSON.stringify(ref)).toBe(false);
  }
});

it.each([
  ["interval", "7d", "7d1ms", "longer than a week"],
  ["interval", "1w", "25d", "longer than a week"],
  ["timeout", "24h", "1d1s", "longer than a day"],
  ["timeout", "1d", "8w", "longer than a day"],
])("bounds the %s: up to %s, and not %s, which no timer counts", (field, most, more, said) => {
  expect(accepted({ [field]: most })).toBe(true);
  const refused = SourceConfiguration.safeParse(git({ [field]: more }));
  expect(refused.error?.issues).toMatchObject([
    { path: ["git", field], message: expect.stringContaining(said) as string },
  ]);
});

it("takes a path that stays in the repository", () => {
  for (const path of ["lab", "lab/specs/", "a b"]) expect(accepted({ path }), path).toBe(true);
  for (const path of ["/etc", "../other", "a/../../b", "./a", ""])
    expect(accepted({ path }), path).toBe(false);
});

it("takes no path with a control character in it, behind which more could stand", () => {
  const taken = (path: string): boolean =>
    SourcesConfiguration.safeParse([{ name: "lab", directory: { path } }]).success;
  expect(taken("/srv/specs")).toBe(true);
  expect(accepted({ path: "cluster/lab" })).toBe(true);
  for (const odd of ["\n", "\r", "\u001b[2J", "\u0000", "\u007f"]) {
    expect(taken(`/srv${odd}/specs`), JSON.stringify(odd)).toBe(false);
    expect(taken(`/srv${odd}/../etc`), JSON.stringify(odd)).toBe(false);
    expect(accepted({ credentials: { tokenFile: `/etc/token${odd}` } }), JSON.stringify(odd)).toBe(false);
    expect(accepted({ path: `lab${odd}/../../etc` }), JSON.stringify(odd)).toBe(false);
  }
});

it("takes one kind of signers, from a file", () => {
  const gpg = { keys: "/etc/ds01/signers.asc" };
  const ssh = { allowedSigners: "/etc/ds01/allowed-signers" };
  for (const verify of [{ gpg }, { ssh }]) expect(accepted({ verify }), JSON.stringify(verify)).toBe(true);
  for (const verify of [
    {},
    { gpg, ssh },
    { gpg: {} },
    { ssh: { allowedSigners: "signers" } },
    { x509: gpg },
  ]) {
    expect(accepted({ verify }), JSON.stringify(verify)).toBe(false);
  }
  const { error } = SourceConfiguration.safeParse(git({ verify: {} }));
  expect(error?.issues).toMatchObject([{ path: ["git", "verify"], message: "wanted one of gpg and ssh" }]);
});

it("wants one place for each name", () => {
  const directory = { path: "/srv/specs" };
  const taken = (sources: unknown): boolean => SourcesConfiguration.safeParse(sources).success;
  expect(taken([{ name: "a", directory }, git({})])).toBe(true);
  expect(
    taken([
      { name: "a", directory },
      { name: "a", directory },
    ]),
  ).toBe(false);
  expect(taken([{ name: "a" }])).toBe(false);
  expect(taken([{ ...git({}), directory }])).toBe(false);
  expect(taken([])).toBe(false);
  expect(accepted({ credentials: { helper: "/usr/bin/helper", tokenFile: "/etc/token" } })).toBe(false);
  expect(accepted({ credentials: { helper: "helper; id" } })).toBe(false);
});

describe("branches to push to", () => {
  it.each(["ds01/*", "ds01/{user}/*", "{user}/x", "*", "review"])("may be %s", (branch) => {
    expect(accepted({ push: { branches: [branch] } })).toBe(true);
  });

  it.each(["", "-f", "refs/heads/*", "../x", "a//b", "a/", "x y", "a:b", "+a", "{users}/x", "{x}", "a\nb"])(
    "may not be %j",
    (branch) => {
      expect(accepted({ push: { branches: [branch] } })).toBe(false);
    },
  );

  it("are named, and so is where their authors are", () => {
    expect(accepted({ push: {} })).toBe(false);
    expect(accepted({ push: { branches: [] } })).toBe(false);
    expect(accepted({ push: { branches: ["x"], emailDomain: "lab.example.org" } })).toBe(true);
    expect(accepted({ push: { branches: ["x"], emailDomain: "a>b" } })).toBe(false);
  });
});
