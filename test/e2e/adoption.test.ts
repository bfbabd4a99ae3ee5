import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";

const gpu = (...DeviceIDs: string[]): Docker.HostConfig => ({
  DeviceRequests: [{ Driver: "nvidia", DeviceIDs, Capabilities: [["gpu"]] }],
});

describe("containers that ds01 did not make", () => {
  let host: Host;
  let uuids: readonly string[] = [];

  beforeAll(async () => {
    host = await startHost({ name: "adoption", nvidia: "4xA100-80GB" });
    const gpus = await waitFor("all GPUs to be known", async () => {
      const known = [...(await host.gpus()).values()];
      return known.length === 4 && known;
    });
    uuids = gpus.map(({ metadata }) => metadata.uid);
  });

  afterAll(async () => host.stop());

  async function dockerRun(name: string, options: Docker.ContainerCreateOptions): Promise<string> {
    const container = await host.engine.docker.createContainer({ Image: "bed/base:1", name, ...options });
    await container.start();
    return container.id;
  }

  async function inspect(id: string): Promise<Docker.ContainerInspectInfo> {
    return host.engine.docker.getContainer(id).inspect();
  }

  /** Everything that a change of the container would show. */
  async function picture(id: string): Promise<unknown> {
    const { Id, Name, State, HostConfig, Config } = await inspect(id);
    return { Id, Name, status: State.Status, startedAt: State.StartedAt, HostConfig, Config };
  }

  async function adopt(...line: string[]): Promise<string> {
    const result = await host.ds01("import", "container", ...line);
    expect(result, result.stderr).toMatchObject({ code: 0 });
    return result.stdout;
  }

  /** Its object runs, and nothing of it has been touched, by this controller or the next. */
  async function expectUntouched(key: string, id: string, before: unknown): Promise<void> {
    const { status } = await host.waitForReady(key);
    expect(status.container?.id).toBe(id);
    await host.client.resync();
    await host.restartController();
    await host.client.resync();
    expect((await host.waitForReady(key)).status.container?.id).toBe(id);
    expect(await picture(id)).toEqual(before);
    expect(host.proxy.mutations()).toEqual([]);
  }

  it("must go on as they are under a spec that says what they are: one of AIME's mlc", async () => {
    const id = await dockerRun("llm._.1001", {
      Env: ["EPOCHS=3"],
      Cmd: ["sleep", "1000"],
      Labels: { "aime.mlc": "alice", "aime.mlc.USER": "alice", "aime.mlc.NAME": "llm", "aime.mlc.GPUS": "0" },
      HostConfig: { ...gpu("0"), ShmSize: 128 * 1024 ** 2, RestartPolicy: { Name: "unless-stopped" } },
    });
    const before = await picture(id);
    await waitFor("its GPU to be seen", async () => (await host.gpus()).get("0")?.status.state === "InUse");
    host.proxy.clear();
    const shown = await host.ds01("import", "container", "--all", "--dry-run");
    expect(shown).toMatchObject({ code: 0 });
    expect(shown.stdout).toContain("shmSize: 128Mi");
    expect(shown.stderr).toContain("unless-stopped");
    expect(await host.container("alice/llm")).toBeUndefined();
    expect(await adopt("--all")).toContain("alice/llm adopted");
    expect(host.read("users/alice/llm.yaml")).toContain("EPOCHS");
    const { status } = await host.waitForReady("alice/llm");
    expect(status.gpus).toMatchObject([{ uuid: uuids[0], slot: "0" }]);
    await host.waitForGpu("0", "allocated", (gpu) => gpu.status.state === "Allocated");
    expect(host.proxy.mutations()).toEqual([]);
    await expectUntouched("alice/llm", id, before);
  });

  it("must hold its GPU when it is stopped, and be started as the same container", async () => {
    const [id] = await adopted("alice/llm");
    expect((await host.ds01("stop", "alice/llm")).code).toBe(0);
    const { status } = await host.waitForPhase("alice/llm", "Held");
    expect(status.gpus).toMatchObject([{ uuid: uuids[0] }]);
    // Docker must not revive it: its GPU may be somebody else's by then.
    await waitFor("Docker's own restarts to be off", async () => {
      return (await inspect(id)).HostConfig.RestartPolicy?.Name === "no";
    });
    expect((await host.ds01("start", "alice/llm")).code).toBe(0);
    expect((await host.waitForReady("alice/llm")).status.container?.id).toBe(id);
    expect((await inspect(id)).Name).toBe("/llm._.1001");
  });

  async function adopted(key: string): Promise<readonly [string]> {
    return [(await host.waitForReady(key)).status.container?.id ?? ""];
  }

  it("must go on: one of the older DS01 scripts, and one of plain Docker", async () => {
    const scripts = await dockerRun("nb._.1002", {
      Cmd: ["sleep", "1000"],
      Labels: {
        "ds01.managed": "true",
        "ds01.user": "bob",
        "ds01.name": "nb",
        "ds01.interface": "atomic",
        "ds01.gpu.uuid": uuids[1]!,
        "ds01.gpu.slots": "1",
        "ds01.gpu.allocated": "1",
      },
      HostConfig: { ...gpu(uuids[1]!), Memory: 64 * 1024 ** 2, NanoCpus: 1e9 },
    });
    const plain = await dockerRun("web", { Cmd: ["sleep", "1000"], HostConfig: { Dns: ["9.9.9.9"] } });
    const before = [await picture(scripts), await picture(plain)];
    host.proxy.clear();
    await adopt("nb._.1002");
    const result = await host.ds01("import", "container", "web");
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("--owner");
    expect((await host.ds01("import", "container", "nothing")).code).toBe(4);
    expect((await host.ds01("import", "container")).code).toBe(2);
    expect((await host.ds01("import", "container", "--all", "--owner", "carol")).code).toBe(2);
    const told = await host.ds01("import", "container", "web", "--owner", "carol", "--name", "site");
    expect(told, told.stderr).toMatchObject({ code: 0 });
    expect(told.stderr).toContain("9.9.9.9");
    await expectUntouched("bob/nb", scripts, before[0]);
    await expectUntouched("carol/site", plain, before[1]);
  });

  it("must be made anew as any other when its spec is changed", async () => {
    const [id] = await adopted("carol/site");
    const path = "users/carol/site.yaml";
    host.drop(path, host.read(path).replace("spec:", "spec:\n  env: [{ name: NEW, value: '1' }]"));
    await waitFor("the old one to be gone", async () => {
      const { status } = await host.waitForReady("carol/site");
      return status.container?.id !== id && status.container?.name === "site._.carol";
    });
    const made = await host.dockerInspect("carol/site");
    expect(made.Config.Labels).toMatchObject({ "ds01.managed": "true", "ds01.name": "site" });
    const book = join(host.stateDir, "adoptions.json");
    await waitFor("its entry to be gone", () => !readText(book).includes(id));
  });

  function readText(path: string): string {
    return readFileSync(path, "utf8");
  }

  it.each(["promised", "written"] as const)(
    "must come to be adopted although the controller is killed right after it was %s",
    async (moment) => {
      const id = await dockerRun(moment, {
        Cmd: ["sleep", "1000"],
        Labels: { "aime.mlc.USER": "dave" },
        HostConfig: gpu("3"),
      });
      const before = await picture(id);
      const book = join(host.stateDir, "adoptions.json");
      const spec = join(host.specs, `users/dave/${moment}.yaml`);
      const isIt = (): boolean => (moment === "promised" ? readText(book).includes(id) : existsSync(spec));
      const asked = host.ds01("import", "container", moment);
      await waitFor(`it to be ${moment}`, isIt, { intervalMs: 1 });
      await host.restartController();
      await asked;
      await host.client.resync();
      expect(await picture(id)).toEqual(before);
      const again = await host.ds01("import", "container", moment);
      expect([0, 1]).toContain(again.code);
      // Where both were there in time, it is its spec's already.
      if (again.code === 1) expect(again.stderr).toContain(`it is the container of dave/${moment}`);
      await expectUntouched(`dave/${moment}`, id, before);
      await host.remove(`dave/${moment}`);
    },
  );

  it("must run on when the book is lost, beside a spec that waits", async () => {
    const [id] = await adopted("bob/nb");
    const before = await picture(id);
    await host.restartController(() => rmSync(join(host.stateDir, "adoptions.json")));
    const { status } = await host.waitForObject(
      "bob/nb",
      "not adopted",
      (object) => object.status.reason === "NotAdopted",
    );
    expect(status.message).toContain("ds01 import container nb._.1002");
    expect(await picture(id)).toEqual(before);
    expect(host.proxy.mutations()).toEqual([]);
    await adopt("nb._.1002");
    await expectUntouched("bob/nb", id, before);
  });
});
