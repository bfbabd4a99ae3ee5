import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startDockerProxy } from "../bed/docker-proxy.ts";
import type { DockerProxy } from "../bed/docker-proxy.ts";
import { waitFor } from "../bed/wait-for.ts";
import { ControllerProcess } from "./controller-process.ts";
import { dockerName, requestedDevices, startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

describe("another controller's containers on the same engine", () => {
  let host: Host;
  let proxy: DockerProxy;
  let other: ControllerProcess;
  let specs: string;
  let line: readonly string[];

  /** Everything of a container that a controller could change. */
  const picture = async (key: string): Promise<string> => {
    const { Id, Name, State, HostConfig, Config } = await host.dockerInspect(key);
    const { Status, StartedAt, FinishedAt, Pid } = State;
    return JSON.stringify({ Id, Name, Status, StartedAt, FinishedAt, Pid, HostConfig, Config }, null, 1);
  };

  const theirs = ["bob/train", "bob/stopped", "alice/same"];
  const pictures = async (): Promise<readonly string[]> =>
    Promise.all(theirs.map(async (key) => picture(key)));

  const drop = (key: string, spec: object): void => {
    const path = join(specs, `users/${key}.yaml`);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, containerSpec(key.split("/")[1] ?? "", spec));
  };

  beforeAll(async () => {
    host = await startHost({ name: "instances", nvidia: "2xA100-80GB" });
    const directory = join(host.directory, "other");
    specs = join(directory, "specs");
    mkdirSync(join(specs, "quotas"), { recursive: true });
    drop("bob/train", { gpus: { count: 1 } });
    drop("bob/stopped", {});
    drop("alice/same", {});
    proxy = await startDockerProxy(host.engine.socketPath);
    line = [
      ["--config", join(host.directory, "config.yaml")],
      ["--specs", specs],
      ["--state-dir", join(directory, "state")],
      ["--run-dir", join(directory, "run")],
      ["--log-dir", join(directory, "log")],
      ["--docker-host", `unix://${proxy.socketPath}`],
      ["--gpus", "nvidia"],
    ].flat();
    other = new ControllerProcess(host.main, line, host.environment);
    await other.ready();
    const running = async (key: string): Promise<boolean> => {
      const [id] = await host.containersOf(key);
      return id !== undefined && (await host.engine.docker.getContainer(id).inspect()).State.Running;
    };
    for (const key of theirs) await waitFor(`${key} to run`, async () => running(key));
    await other.end("SIGKILL");
    await host.engine.docker.getContainer(dockerName("bob/stopped")).stop({ t: 5 });
  });

  afterAll(async () => {
    await other.end("SIGKILL");
    await proxy.stop();
    await host.stop();
  });

  it("must be left as they are, whatever is declared here, deleted, lost or started anew", async () => {
    const before = await pictures();
    const [taken] = requestedDevices(await host.dockerInspect("bob/train"));
    host.drop("users/alice/same.yaml", containerSpec("same"));
    host.drop("users/bob/mine.yaml", containerSpec("mine", { gpus: { count: 1 } }));

    const refused = await host.waitForPhase("alice/same", "Failed");
    expect(refused.status).toMatchObject({ reason: "NameConflict" });
    const { status } = await host.waitForReady("bob/mine");
    expect(status.gpus.map(({ uuid }) => uuid)).not.toContain(taken);
    // Only now: of two that come at the same time either may be first.
    host.drop("users/bob/second.yaml", containerSpec("second", { gpus: { count: 1 } }));
    const waiting = await host.waitForPending("bob/second", "WaitingForDevices");
    expect(waiting.status.message).toContain(dockerName("bob/train"));
    const shown = async (): Promise<string | undefined> =>
      [...(await host.gpus()).values()].find(({ spec }) => spec.uuid === taken)?.status.state;
    await expect.poll(shown).toBe("InUse");

    // An object of the name of theirs, its end, a state directory that is lost, and a start without any file.
    host.drop("users/bob/stopped.yaml", containerSpec("stopped"));
    await host.waitForPhase("bob/stopped", "Failed");
    await host.remove("bob/second");
    expect((await host.ds01("delete", "container", "same")).code).toBe(0);
    await waitFor(
      "alice/same to be forgotten",
      async () => (await host.container("alice/same")) === undefined,
    );
    await host.restartController(() => {
      rmSync(host.stateDir, { recursive: true });
      host.removeFile("users/bob/stopped.yaml");
    });
    host.removeFile("users/bob/mine.yaml");
    await host.waitUntilGone("bob/mine");
    await host.client.resync();

    expect(await pictures()).toEqual(before);
    const ids = before.map((text) => (JSON.parse(text) as { readonly Id: string }).Id);
    const touched = host.proxy.requests.filter(
      ({ mutating, path }) => mutating && [...ids, ...theirs.map(dockerName)].some((id) => path.includes(id)),
    );
    expect(touched).toEqual([]);
    // The requests to this engine are seen there.
    expect(host.proxy.mutations().some((call) => call.startsWith("DELETE /containers/"))).toBe(true);
  });

  it("must be looked after again by their own controller, which finds nothing to put right", async () => {
    const [train] = await pictures();
    proxy.clear();
    other = new ControllerProcess(host.main, line, host.environment);
    await other.ready();
    await waitFor(
      "the one that was stopped to run again",
      async () => (await host.dockerInspect("bob/stopped")).State.Running,
    );
    expect(await picture("bob/train")).toBe(train);
    expect(proxy.mutations().filter((call) => !call.endsWith("/start"))).toEqual([]);
  });
});
