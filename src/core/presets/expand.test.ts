import { describe, expect, test } from "vitest";
import { spec } from "../../../test/support/world-builder.ts";
import { grantOf } from "../quota/host-path-grant.ts";
import { expandPresets, presetAnchors, presetGrants } from "./expand.ts";
import { presetsOf, presetWithoutPlace } from "./preset.ts";

const alice = { namespace: "alice", home: "/home/alice" };
const named = presetsOf({});
const onHost = presetsOf({}, "host");

describe("presets", () => {
  test("bring volumes of the owner, or directories of the home, by one switch", () => {
    const written = spec({ presets: ["workspace"] });
    expect(expandPresets(written, named, alice).spec.volumes).toEqual([
      {
        name: "preset workspace",
        mountPath: "/workspace",
        readOnly: false,
        namedVolume: { name: "workspace" },
      },
    ]);
    expect(expandPresets(written, onHost, alice).spec.volumes?.[0]?.hostPath).toEqual({
      path: "/home/alice/workspace",
      type: "DirectoryOrCreate",
    });
  });

  test("bring their variables, and what the spec says itself goes before", () => {
    const written = spec({
      presets: ["huggingface-cache", "results"],
      env: [{ name: "HOME", value: "/root" }],
      volumes: [{ name: "r", mountPath: "/results/", tmpfs: {} }],
    });
    const { spec: whole } = expandPresets(written, onHost, alice);
    expect(whole.env).toEqual([
      { name: "HOME", value: "/root" },
      { name: "HF_HOME", value: "/home/user/.cache/huggingface" },
    ]);
    expect(whole.volumes?.map(({ mountPath }) => mountPath)).toEqual([
      "/results/",
      "/home/user/.cache/huggingface",
    ]);
  });

  test("that nobody knows are told with what was meant", () => {
    const problem = (name: string) =>
      expandPresets(spec({ presets: [name] }), named, alice).problem?.message ?? "";
    expect(problem("workspaces")).toContain('did you mean "workspace"?');
    expect(problem("zzz")).toContain(
      "there are workspace, datasets, models, checkpoints, logs, results, huggingface-cache",
    );
  });

  test("in a home need an account, and those elsewhere do not", () => {
    const carol = { namespace: "carol", home: null };
    const elsewhere = presetsOf({ results: { hostPath: { path: "/data/{user}/results" } } }, "host");
    expect(expandPresets(spec({ presets: ["results"] }), onHost, carol).problem?.reason).toBe("UnknownUser");
    const { spec: whole } = expandPresets(spec({ presets: ["results"] }), elsewhere, carol);
    expect(whole.volumes?.[0]?.hostPath?.path).toBe("/data/carol/results");
  });

  test("have a hash of what they stand for", () => {
    const written = spec({ presets: ["results"] });
    const hashes = [named, onHost, onHost].map((presets) => expandPresets(written, presets, alice).hash);
    expect(hashes[0]).not.toBe(hashes[1]);
    expect(hashes[1]).toBe(hashes[2]);
    expect(expandPresets(spec(), onHost, alice).hash).toBeNull();
  });

  test("grant what an admin has defined, and no link that the user has put in its place", () => {
    const links: Readonly<Record<string, string>> = { "/home/alice": "/data/home/alice" };
    const grants = presetGrants(onHost, alice, (path) => links[path]);
    expect(presetAnchors(onHost, alice)).toEqual(["/home/alice"]);
    for (const path of ["/home/alice/workspace", "/data/home/alice/workspace"]) {
      expect(grantOf(path, "alice", grants)).toBe("write");
    }
    for (const path of ["/home/alice", "/home/alice/workspace/x", "/home/bob/workspace", "/etc"]) {
      expect(grantOf(path, "alice", grants)).toBe("none");
    }
    expect(presetGrants(named, alice, () => undefined)).toEqual([]);
  });

  test("of the configuration change those of ds01, and add to them", () => {
    const presets = presetsOf(
      {
        datasets: { readOnly: true, mode: "host", hostPath: { path: "/data/sets", type: "Directory" } },
        wandb: { mountPath: "/wandb", env: [{ name: "WANDB_DIR", value: "/wandb" }] },
      },
      "named",
    );
    expect(presets.find(({ name }) => name === "datasets")).toMatchObject({
      mountPath: "/datasets",
      readOnly: true,
      mode: "host",
      hostPath: { path: "/data/sets", type: "Directory" },
    });
    expect(presets.at(-1)).toMatchObject({ name: "wandb", mode: "named", hostPath: null, volume: "wandb" });
    expect(presetWithoutPlace({ wandb: {} })).toBe("wandb");
    expect(presetWithoutPlace({ models: {} })).toBeUndefined();
  });
});
