import { chmodSync, chownSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { holdsFor } from "./holds-for.ts";
import { conditionOf, startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec, quotaSpec } from "./spec-text.ts";

const build = (fields: object = {}): object => ({ image: undefined, build: { context: "./app", ...fields } });

describe("an image built from beside the spec", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({ name: "builds" });
  });

  afterAll(async () => host.stop());

  function write(path: string, text: string): string {
    const target = join(host.specs, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
    return target;
  }

  function builds(): number {
    return host.proxy.requests.filter(({ path }) => path === "/build").length;
  }

  async function imageOf(key: string): Promise<string> {
    return (await host.dockerInspect(key)).Config.Image;
  }

  it("must be built once, and named by what it is built from", async () => {
    write(
      "users/alice/app/Dockerfile",
      "FROM bed/base:1 AS first\nARG WORD=none\nCOPY . /app\nRUN echo $WORD >/word\nFROM first AS second\nRUN echo last >/word\n",
    );
    write("users/alice/app/kept.txt", "kept");
    write("users/alice/app/left-out.txt", "left out");
    write("users/alice/app/.dockerignore", "left-*\n");
    symlinkSync("kept.txt", join(host.specs, "users/alice/app/link.txt"));
    const fields = build({ dockerfile: "Dockerfile", args: { WORD: "hello" }, target: "first" });
    host.drop("users/alice/built.yaml", containerSpec("built", fields));
    await host.waitForReady("alice/built");
    expect(await imageOf("alice/built")).toMatch(/^ds01-build\/alice\/built:[0-9a-f]{16}$/);
    const look = "cat /word /app/kept.txt; readlink /app/link.txt; ls /app";
    const { output } = await host.dockerExec("alice/built", "sh", "-c", look);
    expect(output).toContain("hello");
    expect(output).toContain("kept");
    expect(output).not.toContain("left-out");
    expect((await host.waitForEvent("alice/built", "Built")).message).toMatch(/ is built$/);
    const { stdout } = await host.ds01("logs", "built", "--build");
    expect(stdout).toContain("FROM bed/base:1");
    expect(builds()).toBe(1);

    // Neither an edit that has nothing to do with it nor a restart builds anything.
    host.drop("users/alice/built.yaml", containerSpec("built", { ...fields, priority: 10 }));
    await host.waitForReady("alice/built");
    await host.restartController();
    await host.waitForReady("alice/built");
    await host.remove("alice/built");
    host.drop("users/alice/built.yaml", containerSpec("built", fields));
    await host.waitForReady("alice/built");
    expect(builds()).toBe(0);
    await host.remove("alice/built");
  });

  it("must not be replaced while it runs because a file was saved, but at its next start", async () => {
    write("users/alice/app/Dockerfile", "FROM bed/base:1\nCOPY kept.txt /kept.txt\n");
    host.drop("users/alice/steady.yaml", containerSpec("steady", build()));
    const before = await host.waitForReady("alice/steady");
    write("users/alice/app/kept.txt", "another text");
    await host.client.resync();
    await holdsFor(6000, async () => {
      const now = await host.container("alice/steady");
      expect(now?.status.container?.id).toBe(before.status.container?.id);
    });
    await host.ds01("stop", "steady");
    await host.waitForPhase("alice/steady", "Stopped");
    await host.ds01("start", "steady");
    const after = await host.waitForAnother("alice/steady", before.status.container?.id);
    expect(after.status.container?.image).not.toBe(before.status.container?.image);
    expect((await host.dockerExec("alice/steady", "cat", "/kept.txt")).output).toBe("another text");
    await host.remove("alice/steady");
  });

  it("that fails says which step, is left alone, and is built at once when a file is mended", async () => {
    write("users/alice/app/Dockerfile", "FROM bed/base:1\nARG WORD\nRUN echo about to fail $WORD; exit 3\n");
    host.proxy.clear();
    host.drop("users/alice/failing.yaml", containerSpec("failing", build({ args: { WORD: "hush-hush" } })));
    const failed = await host.waitForPhase("alice/failing", "Failed");
    expect(failed.status.reason).toBe("BuildFailed");
    expect(failed.status.message).toContain("step 3/");
    expect(failed.status.message).toContain("(RUN) failed");
    expect(JSON.stringify(failed.status)).not.toContain("about to fail");
    expect(JSON.stringify(failed.status)).not.toContain("hush-hush");
    expect((await host.ds01("logs", "failing", "--build")).stdout).toContain("about to fail hush-hush");
    expect(conditionOf(failed, "ImageReady")).toMatchObject({ status: "False", reason: "BuildFailed" });
    await holdsFor(4000, async () => expect(builds()).toBe(1));
    write("users/alice/app/Dockerfile", "FROM bed/base:1\n");
    await host.waitForReady("alice/failing");
    expect(builds()).toBe(2);
    await host.remove("alice/failing");
  });

  it("must lie beside the spec, without links on the way, and be the owner's to read", async () => {
    host.drop("users/alice/outside.yaml", containerSpec("outside", build({ context: "../bob" })));
    const rejected = await host.waitForPhase("alice/outside", "Failed");
    expect(rejected.status.message).toMatch(/outside\.yaml:\d+:\d+/);
    host.removeFile("users/alice/outside.yaml");

    symlinkSync("/etc", join(host.specs, "users/alice/linked"));
    host.drop("users/alice/linked.yaml", containerSpec("linked", build({ context: "linked" })));
    const linked = await host.waitForPhase("alice/linked", "Failed");
    expect(linked.status).toMatchObject({ reason: "ContextUnreadable" });
    rmSync(join(host.specs, "users/alice/linked"));
    await host.remove("alice/linked");

    // The spec is nobody's, so is what it may read: uid 65534.
    write("users/nobody/app/Dockerfile", "FROM bed/base:1\nCOPY . /\n");
    chmodSync(write("users/nobody/app/secret", "only root may read this"), 0o600);
    const spec = host.drop("users/nobody/leak.yaml", containerSpec("leak", build()));
    chownSync(spec, 65_534, 65_534);
    const leak = await host.waitForPhase("nobody/leak", "Failed");
    expect(leak.status.reason).toBe("ContextUnreadable");
    expect(leak.status.message).toContain("secret");
    await host.remove("nobody/leak");

    host.drop("users/alice/missing.yaml", containerSpec("missing", build({ context: "nowhere" })));
    expect((await host.waitForPhase("alice/missing", "Failed")).status.reason).toBe("ContextMissing");
    await host.remove("alice/missing");
  });

  it("needs a grant where a quota says which images may be used", async () => {
    const restricted = { subjects: { users: ["carol"] }, policy: { images: { allow: ["bed/**"] } } };
    host.drop("quotas/carol.yaml", quotaSpec("carol", restricted));
    write("users/carol/app/Dockerfile", "FROM bed/base:1\n");
    host.drop("users/carol/denied.yaml", containerSpec("denied", build()));
    const denied = await host.waitForObject(
      "carol/denied",
      "denied",
      ({ status }) => status.reason === "BuildDenied",
    );
    expect(denied.status.message).toContain("quotas/carol.yaml");
    const granted = { ...restricted, policy: { ...restricted.policy, build: true } };
    host.drop("quotas/carol.yaml", quotaSpec("carol", granted));
    await host.waitForReady("carol/denied");
    const image = await imageOf("carol/denied");
    host.drop("users/alice/taken.yaml", containerSpec("taken", { image }));
    const taken = await host.waitForObject(
      "alice/taken",
      "denied",
      ({ status }) => status.reason === "ImageDenied",
    );
    expect(taken.status.message).toContain("somebody else has built");
    const { Id: id } = await host.engine.docker.getImage(image).inspect();
    host.drop("users/alice/taken.yaml", containerSpec("taken", { image: id.slice(7, 19) }));
    const byId = await host.waitForObject(
      "alice/taken",
      "denied by its id",
      ({ status, spec }) => spec?.image === id.slice(7, 19) && status.reason === "ImageDenied",
    );
    expect(byId.status.message).toContain("somebody else has built");
    for (const [name, text] of Object.entries({
      named: `FROM bed/base:1\nCOPY --from=${image} / /\n`,
      prefixed: `ARG BASE=${id.slice(7, 19)}\nFROM $BASE\n`,
    })) {
      write(`users/alice/${name}/Dockerfile`, text);
      host.drop(`users/alice/${name}.yaml`, containerSpec(name, build({ context: `./${name}` })));
      expect((await host.waitForPhase(`alice/${name}`, "Failed")).status.reason).toBe("BuildDenied");
    }
    await host.remove("alice/named", "alice/prefixed");
    await host.remove("carol/denied", "alice/taken");
  });

  it("is left by a killed controller as it was: nothing half-made, and built by the next", async () => {
    write("users/alice/app/Dockerfile", "FROM bed/base:1\nRUN sleep 15; echo over\n");
    host.proxy.clear();
    host.drop("users/alice/killed.yaml", containerSpec("killed", build()));
    await host.waitForObject("alice/killed", "building", ({ status }) => status.reason === "BuildingImage");
    const running = async (): Promise<number> =>
      (await host.engine.docker.listContainers({ all: true })).length;
    await waitFor("the step to run", async () => (await running()) > 0);
    await host.controller.end("SIGKILL");
    await waitFor("the engine to end the build", async () => (await running()) === 0);
    const names = (await host.engine.docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
    expect(names.filter((name) => name.startsWith("ds01-build/alice/killed"))).toEqual([]);
    await host.startController();
    await host.waitForReady("alice/killed");
    const left = async (): Promise<readonly unknown[]> =>
      host.engine.docker.listImages({ filters: { dangling: ["true"], label: ["ds01.build"] } });
    await expect.poll(left).toEqual([]);
    await host.remove("alice/killed");
  });

  it("ends, in the engine too, when its spec is stopped or deleted", async () => {
    write("users/alice/app/Dockerfile", "FROM bed/base:1\nRUN sleep 600\n");
    const running = async (): Promise<number> =>
      (await host.engine.docker.listContainers()).filter(({ Command }) => Command.includes("sleep 600"))
        .length;
    for (const end of ["stopped", "deleted"]) {
      host.drop("users/alice/endless.yaml", containerSpec("endless", build()));
      await waitFor("the step to run", async () => (await running()) > 0);
      if (end === "stopped") await host.ds01("stop", "endless");
      else host.removeFile("users/alice/endless.yaml");
      await waitFor("the engine to end the build", async () => (await running()) === 0);
      if (end === "stopped") await host.remove("alice/endless");
    }
  });
});
