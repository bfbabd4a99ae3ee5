import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { conditionOf, startHost } from "./host.ts";
import type { ContainerObject, Host } from "./host.ts";
import { containerSpec, quotaSpec } from "./spec-text.ts";

const mebibyte = 1024 ** 2;

describe("a quota", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({ name: "quota", nvidia: "A100-80GB:3g.40gb+2g.20gb 3xA100-80GB" });
  });

  afterAll(async () => host.stop());

  /** Gives one user a quota; returns the line of a word in its file, as messages cite it. */
  async function grant(user: string, spec: object): Promise<(word: string) => string> {
    const text = quotaSpec(user, { subjects: { users: [user] }, ...spec });
    await host.grant(user, text);
    return (word) => `quotas/${user}.yaml:${text.split("\n").findIndex((line) => line.includes(word)) + 1}`;
  }

  const declare = (key: string, spec: object): void => {
    const [user = "", name = ""] = key.split("/");
    host.drop(`users/${user}/${name}.yaml`, containerSpec(name, spec));
  };

  /** Declares a container that may not be made, and returns why. */
  async function refusal(key: string, spec: object): Promise<{ reason: string; message: string }> {
    declare(key, spec);
    const object = await host.waitForObject(key, "refused", (one) => {
      const reserved = conditionOf(one, "QuotaReserved");
      return (
        one.status.phase === "Pending" &&
        one.status.observedGeneration === one.metadata.generation &&
        reserved?.status === "False" &&
        reserved.reason === one.status.reason
      );
    });
    expect(await host.containersOf(key)).toEqual([]);
    return { reason: object.status.reason ?? "", message: object.status.message ?? "" };
  }

  const waitsForQuota = async (key: string): Promise<ContainerObject> =>
    host.waitForObject(key, "waiting for its quota", ({ status }) => status.reason === "WaitingForQuota");

  it("must let as many containers run as it allows, and the next when one stops", async () => {
    const place = await grant("counted", { maxContainers: 2 });
    for (const name of ["a", "b"]) {
      declare(`counted/${name}`, {});
      await host.waitForReady(`counted/${name}`);
    }
    declare("counted/c", {});
    const { status } = await waitsForQuota("counted/c");
    expect(status.message).toBe(
      `counted/c would be container 3 of counted; quota "counted" allows 2 (${place("maxContainers")}): it starts when one of counted/a, counted/b ends or is stopped`,
    );
    expect(await host.containersOf("counted/c")).toEqual([]);
    await host.ds01("stop", "counted/a");
    await host.waitForReady("counted/c");
    await host.remove("counted/a", "counted/b", "counted/c");
  });

  it("must let a user hold as many GPUs as it allows, though others are free, and tell numbers and file", async () => {
    const place = await grant("nominal", { gpus: { nominal: 1 } });
    declare("nominal/a", { gpus: { count: 1 }, lifecycle: { holdGpuAfterStop: "0s" } });
    await host.waitForReady("nominal/a");
    declare("nominal/b", { gpus: { count: 1 } });
    const { status } = await waitsForQuota("nominal/b");
    expect(status).toMatchObject({ phase: "Pending", gpus: [], queue: { position: 1, of: 1 } });
    expect(status.message).toContain(
      `quota "nominal" allows 1 GPU-equivalents in all (${place("nominal: 1")}) and 0 are left (nominal/a)`,
    );
    const described = (await host.ds01("describe", "container", "b", "-n", "nominal")).stdout;
    expect(described).toContain(place("nominal: 1"));
    expect(described).toMatch(/used 1\.0 \(nominal\/a\).*left 0\.0/);
    await host.ds01("stop", "nominal/a");
    await host.waitForReady("nominal/b");
    await host.remove("nominal/a", "nominal/b");
  });

  it("must refuse what it never allows, each with what was asked, what is allowed, and where that stands", async () => {
    const place = await grant("bounded", {
      gpus: { nominal: 2, maxPerContainer: 1 },
      perContainer: { max: { memory: "64Mi", cpus: 2 } },
      lifecycle: { maxRuntime: "1h" },
    });
    const many = await refusal("bounded/many", { gpus: { count: 2 } });
    expect(many).toMatchObject({ reason: "ExceedsMaxQuota" });
    expect(many.message).toContain(
      `bounded/many asks for 2 GPUs; quota "bounded" allows 1 in one container (${place("maxPerContainer")})`,
    );
    const large = await refusal("bounded/large", { resources: { memory: "1Gi", cpus: 3 } });
    expect(large.message).toContain(
      `1Gi of memory; quota "bounded" allows 64Mi in one container (${place("memory")})`,
    );
    expect(large.message).toContain(`3 CPUs; quota "bounded" allows 2 in one container (${place("cpus")})`);
    const long = await refusal("bounded/long", { lifecycle: { maxRuntime: "2h" } });
    expect(long.message).toContain(
      `maxRuntime 2h; quota "bounded" allows 1h at most (${place("maxRuntime")})`,
    );
    const endless = await refusal("bounded/endless", { lifecycle: { maxRuntime: "never" } });
    expect(endless.message).toContain("maxRuntime never");
    await host.remove("bounded/many", "bounded/large", "bounded/long", "bounded/endless");
  });

  it("must allow slices only, and only those of its profiles", async () => {
    await grant("sliced", { gpus: { allowFullGpu: false, profiles: ["2g.20gb"] } });
    expect(await refusal("sliced/whole", { gpus: { count: 1 } })).toMatchObject({
      reason: "FullGpuNotAllowed",
    });
    const other = await refusal("sliced/other", { gpus: { count: 1, profile: "3g.40gb" } });
    expect(other).toMatchObject({ reason: "ProfileNotAllowed" });
    expect(other.message).toContain("asks for slices 3g.40gb");
    declare("sliced/right", { gpus: { count: 1, profile: "2g.20gb" } });
    await host.waitForReady("sliced/right");
    await host.remove("sliced/whole", "sliced/other", "sliced/right");
  });

  it("must give a container that names no limit its default, else its maximum, and say where that stands", async () => {
    const place = await grant("defaults", {
      perContainer: { default: { memory: "48Mi", pidsLimit: 64 }, max: { memory: "96Mi", cpus: 2 } },
      lifecycle: { maxRuntime: "1h" },
    });
    declare("defaults/plain", {});
    const { status } = await host.waitForReady("defaults/plain");
    expect((await host.dockerInspect("defaults/plain")).HostConfig).toMatchObject({
      Memory: 48 * mebibyte,
      NanoCpus: 2e9,
      PidsLimit: 64,
    });
    expect(Date.parse(status.expiresAt!) - Date.parse(status.container!.startedAt!)).toBe(3_600_000);
    const described = (await host.ds01("describe", "container", "plain", "-n", "defaults")).stdout;
    for (const [name, word] of [
      ["memory 48Mi", "48Mi"],
      ["cpus 2", "cpus: 2"],
      ["maxRuntime 1h", "maxRuntime"],
    ] as const)
      expect(described).toContain(`${name} (${place(word)})`);
    await host.remove("defaults/plain");
  });

  it("must grant host paths by their real place, so that no symbolic link leads out", async () => {
    const data = join(host.directory, "data");
    mkdirSync(join(data, "paths"), { recursive: true });
    mkdirSync(join(host.directory, "secret"));
    writeFileSync(join(host.directory, "secret/key"), "secret");
    symlinkSync(join(host.directory, "secret"), join(data, "paths/escape"));
    const volume = (path: string, readOnly: boolean): object => ({
      volumes: [{ name: "data", mountPath: "/data", readOnly, hostPath: { path } }],
    });
    const place = await grant("paths", {
      policy: { hostPaths: [{ path: `${data}/{user}/**`, readOnly: true }] },
    });
    declare("paths/fine", volume(join(data, "paths"), true));
    await host.waitForReady("paths/fine");
    const escape = await refusal("paths/escape", volume(join(data, "paths/escape"), true));
    expect(escape).toMatchObject({ reason: "HostPathDenied" });
    expect(escape.message).toContain(`which leads to ${join(host.directory, "secret")}`);
    expect(escape.message).toContain(place("hostPaths"));
    expect(await refusal("paths/write", volume(join(data, "paths"), false))).toMatchObject({
      reason: "HostPathReadOnly",
    });
    expect(await refusal("paths/outside", volume(join(host.directory, "secret"), true))).toMatchObject({
      reason: "HostPathDenied",
    });
    expect(await refusal("ungranted/any", volume(join(data, "paths"), true))).toMatchObject({
      reason: "HostPathDenied",
    });
    await host.remove("paths/fine", "paths/escape", "paths/write", "paths/outside", "ungranted/any");
  });

  it("must deny root unless it grants it", async () => {
    expect(await refusal("users/root", { user: "root" })).toMatchObject({ reason: "UserDenied" });
    await grant("users", { policy: { users: ["root"] } });
    await host.waitForReady("users/root");
    expect((await host.dockerInspect("users/root")).Config.User).toBe("root");
    expect((await refusal("users/other", { user: "1000:1000" })).message).toContain(
      'quota "users" allows root',
    );
    await host.remove("users/root", "users/other");
  });

  it("must take effect when it is edited, and end nothing that runs", async () => {
    await grant("edited", { maxContainers: 3, perContainer: { default: { memory: "48Mi" } } });
    for (const name of ["a", "b"]) declare(`edited/${name}`, {});
    declare("edited/gpu", { gpus: { count: 1 } });
    const keys = ["edited/a", "edited/b", "edited/gpu"];
    const before = await Promise.all(keys.map(async (key) => host.waitForReady(key)));
    declare("edited/more", {});
    await waitsForQuota("edited/more");
    host.proxy.clear();

    // Tighter: what runs goes on; limits that can be changed in place are.
    await grant("edited", {
      maxContainers: 1,
      gpus: { nominal: 0 },
      policy: { users: ["owner"] },
      perContainer: { default: { memory: "64Mi" }, max: { memory: "64Mi" } },
    });
    await waitFor("the new default in place", async () => {
      const memory = await Promise.all(
        keys.slice(0, 2).map(async (key) => (await host.dockerInspect(key)).HostConfig.Memory),
      );
      return memory.every((bytes) => bytes === 64 * mebibyte);
    });
    const late = await host.waitForObject(
      "edited/gpu",
      "told that its limit comes later",
      (object) => conditionOf(object, "LimitsInEffect")?.reason === "AppliesAtNextStart",
    );
    expect(late.status.phase).toBe("Running");
    expect(host.proxy.mutations().every((request) => request.endsWith("/update"))).toBe(true);
    const after = await Promise.all(keys.map(async (key) => host.container(key)));
    expect(after.map((object) => [object?.status.phase, object?.status.container])).toEqual(
      before.map(({ status }) => ["Running", status.container]),
    );

    // Wider: who waited starts.
    await grant("edited", { maxContainers: 4 });
    await host.waitForReady("edited/more");
    await host.remove(...keys, "edited/more");
  });

  it("must turn away what is applied over it, with exit code 3, and change nothing", async () => {
    const place = await grant("alice", { gpus: { maxPerContainer: 1 } });
    const file = join(host.directory, "big.yaml");
    writeFileSync(file, containerSpec("big", { gpus: { count: 2 } }));
    const answer = await host.ds01("apply", "-f", file);
    expect(answer).toMatchObject({ code: 3, stdout: "" });
    expect(answer.stderr).toContain("alice/big refused: asks for 2 GPUs");
    expect(answer.stderr).toContain(place("maxPerContainer"));
    expect(answer.stderr).toContain("Nothing was changed.");
    expect(existsSync(join(host.specs, "users/alice/big.yaml"))).toBe(false);
    expect(await host.container("alice/big")).toBeUndefined();
  });
});
