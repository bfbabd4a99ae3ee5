import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { startDockerProxy } from "../bed/docker-proxy.ts";
import { startEngine } from "../bed/engine.ts";
import type { Engine } from "../bed/engine.ts";
import { builtProgram } from "./built-program.ts";
import { ControllerProcess } from "./controller-process.ts";
import { containerSpec } from "./spec-text.ts";

describe("ds01 controller --once", () => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await startEngine({ name: `e2e-once-${process.pid}`, network: "none" });
  });

  afterAll(async () => engine.stop());

  /** Runs it to its end on one spec of alice. */
  async function once(
    dockerHost: string,
    spec: string,
    ...flags: string[]
  ): Promise<{ code: number | string; controller: ControllerProcess; folder: string }> {
    const folder = mkdtempSync(join(tmpdir(), "ds01-once-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    return onceIn(folder, dockerHost, spec, ...flags);
  }

  async function onceIn(
    folder: string,
    dockerHost: string,
    spec: string,
    ...flags: string[]
  ): Promise<{ code: number | string; controller: ControllerProcess; folder: string }> {
    mkdirSync(join(folder, "specs/users/alice"), { recursive: true });
    writeFileSync(join(folder, "specs/users/alice/web.yaml"), spec);
    const places = ["--specs", "--state-dir", "--run-dir", "--log-dir"].flatMap((flag) => [
      flag,
      join(folder, flag.slice(2)),
    ]);
    const line = ["--once", ...places, "--docker-host", dockerHost, "--gpus", "none", ...flags];
    const controller = new ControllerProcess(builtProgram(), line, process.env);
    onTestFinished(() => void controller.child.kill("SIGKILL"));
    return { code: await controller.exit(), controller, folder };
  }

  it("must make what is declared and end with 0", async () => {
    const { code, controller } = await once(engine.dockerHost, containerSpec("web"));

    expect(code, controller.stderr).toBe(0);
    const container = engine.docker.getContainer("web._.alice");
    expect((await container.inspect()).State.Running).toBe(true);
    await container.remove({ force: true });
  });

  it("must end with 1 when something cannot become Ready", async () => {
    const { code, controller } = await once(
      engine.dockerHost,
      containerSpec("web", { image: "bed/nowhere:1" }),
    );

    expect(code, controller.stderr).toBe(1);
  });

  it("must end with 69 when no engine answers, having said so", async () => {
    const { code, controller } = await once("unix:///nowhere/docker.sock", containerSpec("web"));

    expect(code, controller.stderr).toBe(69);
    expect(controller.logLines()).toContainEqual(
      expect.objectContaining({ reason: "EngineUnreachable", ready: false }),
    );
    expect(controller.logLines()).toContainEqual(expect.objectContaining({ msg: "ready" }));
  });

  it("must with --dry-run log the next steps, call nothing that changes anything, and end", async () => {
    const proxy = await startDockerProxy(engine.socketPath);
    onTestFinished(async () => proxy.stop());

    const { code, controller, folder } = await once(
      `unix://${proxy.socketPath}`,
      containerSpec("web"),
      "--dry-run",
    );

    expect(code, controller.stderr).toBe(1);
    expect(controller.logLines()).toContainEqual(
      expect.objectContaining({ msg: "would run", do: "create", target: "web._.alice", namespace: "alice" }),
    );
    expect(proxy.mutations()).toEqual([]);
    expect(await engine.docker.listContainers({ all: true })).toEqual([]);
    expect(readFileSync(join(folder, "specs/users/alice/web.yaml"), "utf8")).toBe(containerSpec("web"));
  });

  it("must with --dry-run leave state and logs as they are, also where the spec is another now", async () => {
    const { code, folder } = await once(engine.dockerHost, containerSpec("web"));
    expect(code).toBe(0);
    const before = filesIn(folder);
    expect([...before.keys()]).toContain("state-dir/objects/ContainerSpec/alice/web.json");

    const next = containerSpec("web", { env: [{ name: "NEW", value: "yes" }] });
    const dry = await onceIn(folder, engine.dockerHost, next, "--dry-run");
    expect(dry.code, dry.controller.stderr).toBe(1);
    expect(dry.controller.logLines()).toContainEqual(
      expect.objectContaining({ msg: "would run", do: "create", target: "web._.alice.ds01-2" }),
    );

    before.set("specs/users/alice/web.yaml", next);
    expect(filesIn(folder)).toEqual(before);
    await engine.docker.getContainer("web._.alice").remove({ force: true });
  });
});

/** Text of every file below a folder, by its path there; without the mark of who holds the state directory. */
function filesIn(folder: string): Map<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => !path.startsWith("state-dir/instance/"));
  return new Map(paths.toSorted().map((path) => [path, readFileSync(join(folder, path), "utf8")]));
}
