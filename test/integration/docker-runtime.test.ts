import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { dockerRuntime } from "../../src/adapters/docker/runtime.ts";
import type { EngineDeadlines } from "../../src/adapters/docker/runtime.ts";
import type { DesiredContainer } from "../../src/core/plan/desired-container.ts";
import type { ContainerRuntime, RuntimeHint } from "../../src/ports/container-runtime.ts";
import { ConflictError, Ds01Error, UnreachableError, WaitingError } from "../../src/util/errors.ts";
import { startDockerProxy } from "../bed/docker-proxy.ts";
import type { DockerProxy } from "../bed/docker-proxy.ts";
import { startEngine } from "../bed/engine.ts";
import type { Engine } from "../bed/engine.ts";
import { waitFor } from "../bed/wait-for.ts";
import { desiredContainer, gpuAttachment } from "../support/desired-container.ts";
import { silentLog } from "../support/silent-log.ts";

/** Short, and yet not so short that a busy engine misses them. */
const shortDeadlines: EngineDeadlines = {
  pingMs: 2_000,
  readMs: 3_000,
  changeMs: 20_000,
  startMs: 30_000,
  stopMarginMs: 4_000,
  pullIdleMs: 300,
  buildIdleMs: 300,
  watchPingIntervalMs: 100,
};

let engine: Engine;
let direct: ContainerRuntime;

beforeAll(async () => {
  engine = await startEngine({
    name: `docker-runtime-${process.pid}`,
    nvidia: "2xA100-80GB",
    liveRestore: true,
  });
  direct = dockerRuntime({ dockerHost: engine.dockerHost, log: silentLog() });
});
afterEach(async () => {
  for (const { Id } of await engine.docker.listContainers({ all: true })) {
    await engine.docker.getContainer(Id).remove({ force: true, v: true });
  }
});
afterAll(() => engine.stop());

describe("dockerRuntime on a bad connection", () => {
  let proxy: DockerProxy;
  let runtime: ContainerRuntime;

  beforeAll(async () => {
    proxy = await startDockerProxy(engine.socketPath);
    runtime = dockerRuntime({
      dockerHost: `unix://${proxy.socketPath}`,
      deadlines: shortDeadlines,
      log: silentLog(),
    });
  });
  afterAll(() => proxy.stop());

  it("gives up at its deadline when the engine does not answer", async () => {
    const end = proxy.addRule({ fault: "hang", path: /json$/ });
    const begun = performance.now();
    const answer = runtime.list();
    await expect(answer).rejects.toThrowError(UnreachableError);
    await expect(answer).rejects.toMatchObject({ reason: "EngineTimeout" });
    expect(performance.now() - begun).toBeLessThan(20_000);
    end();
    expect(await runtime.list()).toEqual([]);
  });

  it("gives up at its deadline when an answer is cut in its middle", async () => {
    await direct.create(desiredContainer("cut._.alice"));
    const end = proxy.addRule({ fault: "cut", path: /json$/ });
    await expect(runtime.list()).rejects.toThrowError(UnreachableError);
    await expect(runtime.inspect("cut._.alice")).rejects.toThrowError(UnreachableError);
    end();
    expect(await runtime.inspect("cut._.alice")).toMatchObject({ state: "created" });
  });

  it("says that the engine cannot be reached when the connection is dropped", async () => {
    const end = proxy.addRule({ fault: "reset" });
    await expect(runtime.ping()).rejects.toMatchObject({ reason: "EngineUnreachable" });
    end();
    await runtime.ping();
  });

  it("meets a conflict after a create whose answer was lost, and the container is there", async () => {
    const end = proxy.addRule({ fault: "lost", path: /create$/, times: 1 });
    const wanted = desiredContainer("lost._.alice", { labels: { "ds01.uid": "u1" } });
    await expect(runtime.create(wanted)).rejects.toThrowError(UnreachableError);
    await expect(runtime.create(wanted)).rejects.toThrowError(ConflictError);
    expect(await runtime.inspect("lost._.alice")).toMatchObject({
      state: "created",
      labels: { "ds01.uid": "u1" },
    });
    end();
  });

  it("takes only the engine's own word that a container or image is gone", async () => {
    const end = proxy.addRule({ fault: "status", status: 404, message: "page not found", method: "GET" });
    await expect(runtime.inspect("some._.alice")).rejects.toThrowError(Ds01Error);
    await expect(runtime.image("bed/base:1")).rejects.toThrowError(Ds01Error);
    end();
    expect(await runtime.inspect("some._.alice")).toBeUndefined();
  });

  it("reports a fault of the engine as a fault, to be tried again", async () => {
    const end = proxy.addRule({ fault: "status", status: 500, message: "layer does not exist" });
    const failed = await runtime.list().catch((error: unknown) => error);
    expect(failed).toMatchObject({ name: "Ds01Error", reason: "EngineFault" });
    end();
  });

  it("waits with a reason when a full disk refuses a create, and when containerd is away", async () => {
    const full = proxy.addRule({
      fault: "status",
      path: /create$/,
      message: "mkdir /x: no space left on device",
    });
    await expect(runtime.create(desiredContainer("full._.alice"))).rejects.toThrowError(WaitingError);
    full();
    const text =
      'connection error: desc = "transport: error while dialing: dial unix containerd.sock: connection refused"';
    const away = proxy.addRule({ fault: "status", path: /create$/, status: 409, message: text });
    await expect(runtime.create(desiredContainer("away._.alice"))).rejects.toThrowError(UnreachableError);
    away();
  });

  it("gives a stop its grace on top of the deadline", async () => {
    const id = await direct.create(desiredContainer("slow._.alice", { image: "bed/stubborn:1" }));
    await direct.start(id);
    await runtime.stop(id, 6_000);
    expect(await direct.inspect(id)).toMatchObject({ state: "exited", exitCode: 137 });
  });

  it("waits for the registry when a pull makes no progress", async () => {
    const end = proxy.addRule({ fault: "hang", path: /images\/create$/ });
    const answer = runtime.pull("registry.example/tool:1");
    await expect(answer).rejects.toThrowError(WaitingError);
    await expect(answer).rejects.toMatchObject({ reason: "RegistryUnreachable" });
    end();
  });

  it("keeps the environment out of addresses", async () => {
    proxy.clear();
    await runtime.create(desiredContainer("quiet._.alice", { environment: { TOKEN: "hush-1234" } }));
    const created = proxy.requests.find(({ path }) => path.endsWith("/create"));
    expect(created?.query).toBe("name=quiet._.alice");
  });

  it("hears of events again after the stream was cut", async () => {
    const { hints, end } = watch(runtime);
    await waitFor("connected", () => count(hints, "connected") === 1);
    proxy.cutStreams();
    await waitFor("connected again", () => count(hints, "connected") === 2);
    expect(hints.map(({ type }) => type)).toEqual(["connected", "disconnected", "connected"]);
    const id = await direct.create(desiredContainer("after._.alice"));
    await waitFor("the hint", () => hints.some((hint) => hint.id === id && hint.action === "create"));
    await end();
  });
});

describe("dockerRuntime and an engine that dies or hangs", () => {
  it("is unreachable where nothing listens", async () => {
    const nowhere = dockerRuntime({ dockerHost: "unix:///nonexistent/docker.sock", log: silentLog() });
    await expect(nowhere.list()).rejects.toMatchObject({
      name: "UnreachableError",
      reason: "EngineUnreachable",
    });
  });

  it("connects again to an engine that was killed, and its containers are as they were", async () => {
    const runtime = dockerRuntime({
      dockerHost: engine.dockerHost,
      deadlines: shortDeadlines,
      log: silentLog(),
    });
    const id = await direct.create(desiredContainer("survivor._.alice"));
    await direct.start(id);
    const before = await direct.inspect(id);
    const { hints, end } = watch(runtime);
    await waitFor("connected", () => count(hints, "connected") === 1);

    await engine.kill("KILL");
    await waitFor("disconnected", () => count(hints, "disconnected") === 1);
    await expect(runtime.ping()).rejects.toThrowError(UnreachableError);
    await engine.start();
    await waitFor("connected again", () => count(hints, "connected") === 2);

    expect(await runtime.inspect(id)).toMatchObject({ state: "running", pid: before?.pid });
    await runtime.stop(id, 1_000);
    await waitFor("the hint", () => hints.some((hint) => hint.id === id && hint.action === "die"));
    await end();
  });

  it("notices an engine that hangs with its connections open, and goes on when it does", async () => {
    const runtime = dockerRuntime({
      dockerHost: engine.dockerHost,
      deadlines: shortDeadlines,
      log: silentLog(),
    });
    const { hints, end } = watch(runtime);
    await waitFor("connected", () => count(hints, "connected") === 1);
    await engine.kill("STOP");
    await waitFor("disconnected", () => count(hints, "disconnected") === 1);
    await expect(runtime.list()).rejects.toMatchObject({ reason: "EngineTimeout" });
    expect(count(hints, "connected")).toBe(1);
    await engine.kill("CONT");
    await waitFor("connected again", () => count(hints, "connected") === 2);
    await end();
  });

  it("says once that it is disconnected, however often it tries, and first of all when there is no engine", async () => {
    const nowhere = dockerRuntime({ dockerHost: "unix:///nonexistent/docker.sock", log: silentLog() });
    const { hints, end } = watch(nowhere);
    await waitFor("disconnected", () => hints.length > 0);
    await end();
    expect(hints.map(({ type }) => type)).toEqual(["disconnected"]);
  });
});

describe("dockerRuntime and GPUs", () => {
  it("passes exactly the UUIDs, and shows them as claimed", async () => {
    const [, second] = gpuUuids();
    const id = await direct.create(
      desiredContainer("gpu._.alice", { image: "bed/gpu:1", attachment: gpuAttachment(second) }),
    );
    await direct.start(id);
    expect(await direct.inspect(id)).toMatchObject({ gpuClaims: { all: false, ids: [second] } });
    const { HostConfig } = await engine.docker.getContainer(id).inspect();
    expect(HostConfig.DeviceRequests).toMatchObject([
      { Driver: "nvidia", Count: 0, DeviceIDs: [second], Capabilities: [["gpu"]] },
    ]);
  });

  it("sees processes that outlived their container, until they end", async () => {
    const [first] = gpuUuids();
    const wanted = desiredContainer("orphan._.alice", {
      image: "bed/gpu:1",
      attachment: gpuAttachment(first),
    });
    const id = await direct.create(wanted);
    await direct.start(id);
    // Stands for what a killed shim or a process stuck in the driver leaves behind.
    const orphan = spawn("sleep", ["600"], { stdio: "ignore" });
    try {
      writeFileSync(processListOf((await direct.inspect(id))?.pid ?? 0), String(orphan.pid));
      await direct.stop(id, 1_000);
      expect(await direct.inspect(id)).toMatchObject({ state: "exited", lingering: true });
    } finally {
      orphan.kill("SIGKILL");
    }
    await waitFor("nothing lingers", async () => (await direct.inspect(id))?.lingering === false);
  });
});

describe("what the engine says, as a reason", () => {
  const cases: [reason: string, fields: Partial<DesiredContainer>][] = [
    ["InvalidReference", { image: "Bad//Name" }],
    ["ImageNotFound", { image: "bed/nowhere:1" }],
    ["CommandNotFound", { command: ["/nowhere"] }],
    ["CommandNotFound", { command: ["nowhere"] }],
    ["PermissionDenied", { command: ["/etc/passwd"] }],
    ["UnknownUser", { user: "ghost" }],
    [
      "MountMissing",
      { mounts: [{ type: "bind", source: "/nonexistent/folder", target: "/data", readOnly: true }] },
    ],
    [
      "MountTypeMismatch",
      { mounts: [{ type: "bind", source: "/etc", target: "/etc/passwd", readOnly: true }] },
    ],
    ["NetworkNotFound", { network: "nowhere" }],
    ["WorkingDirUnusable", { workingDir: "relative" }],
    ["DeviceUnknown", { attachment: gpuAttachment("GPU-dead") }],
    ["NoNvidiaRuntime", { attachment: { ...gpuAttachment("GPU-dead"), runtime: "nowhere" } }],
    ["InvalidConfiguration", { memoryBytes: 1_000 }],
  ];

  it.each(cases)("%s: %j is for the owner to mend, and says how", async (reason, fields) => {
    const failed = await attempt(fields);
    expect(failed).toMatchObject({
      name: "StalledError",
      reason,
      message: expect.stringMatching(/^cannot (create|start) [\w.]+: \S/) as string,
      remedy: expect.stringMatching(/\S/) as string,
    });
  });

  it("never repeats the value of a variable", async () => {
    const failed = await attempt({ environment: { "": "hush-1234" } });
    expect(failed).toBeInstanceOf(Ds01Error);
    expect(String((failed as Error).stack)).not.toContain("hush-1234");
  });

  async function attempt(fields: Partial<DesiredContainer>): Promise<unknown> {
    try {
      await direct.start(await direct.create(desiredContainer("wrong._.alice", fields)));
      return "it started";
    } catch (error) {
      return error;
    }
  }
});

function watch(runtime: ContainerRuntime): { hints: RuntimeHint[]; end: () => Promise<void> } {
  const hints: RuntimeHint[] = [];
  const stop = new AbortController();
  const watching = (async () => {
    for await (const hint of runtime.watch(stop.signal)) hints.push(hint);
  })();
  const end = async (): Promise<void> => {
    stop.abort();
    await watching;
  };
  return { hints, end };
}

function count(hints: readonly RuntimeHint[], type: RuntimeHint["type"]): number {
  return hints.filter((hint) => hint.type === type).length;
}

function gpuUuids(): [string, string] {
  const { gpus } = JSON.parse(readFileSync(engine.gpuState, "utf8")) as { gpus: { uuid: string }[] };
  const [first, second] = gpus;
  if (first === undefined || second === undefined) throw new Error("the engine has fewer than two GPUs");
  return [first.uuid, second.uuid];
}

/** The file that moves a process into the cgroup of that one, under cgroup v1 or v2. */
function processListOf(pid: number): string {
  const [, controller = "", path = ""] =
    /^\d+:(pids|):(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, "utf8")) ?? [];
  return join("/sys/fs/cgroup", controller, path, "cgroup.procs");
}
