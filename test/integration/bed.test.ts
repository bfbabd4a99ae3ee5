import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { cgroupPaths, processesIn } from "../bed/cgroup.ts";
import { bridgeNameOf, ping } from "../bed/dockerd.ts";
import { startDockerProxy } from "../bed/docker-proxy.ts";
import { destroyEngine, listEngines, startEngine } from "../bed/engine.ts";
import type { Engine } from "../bed/engine.ts";
import { bedImages } from "../bed/images.ts";
import { gpuRequest, runContainer } from "../bed/run-container.ts";
import { waitFor } from "../bed/wait-for.ts";

const names = {
  first: `bed-a-${process.pid}`,
  second: `bed-b-${process.pid}`,
  other: `bed-c-${process.pid}`,
};

async function started(
  engine: { docker: Docker },
  options: Docker.ContainerCreateOptions,
): Promise<Docker.Container> {
  const container = await engine.docker.createContainer(options);
  await container.start();
  return container;
}

function namespacesOf(pid: number): string[] {
  return ["mnt", "net"].map((kind) => readlinkSync(`/proc/${pid}/ns/${kind}`));
}

/** Everything on the machine that still shows the engine: processes in its namespaces or cgroup, mounts, folders, links. */
function traces(name: string, namespaces: readonly string[]): string[] {
  const found: string[] = [];
  for (const pid of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      if (namespacesOf(Number(pid)).some((namespace) => namespaces.includes(namespace)))
        found.push(`process ${pid}`);
    } catch (error) {
      if (!(error instanceof Error && "code" in error)) throw error;
    }
  }
  found.push(
    ...cgroupPaths(`ds01-bed-${name}`),
    ...processesIn(`ds01-bed-${name}`).map((pid) => `cgroup process ${pid}`),
  );
  found.push(
    ...readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .filter((line) => line.includes(`ds01-bed-${name}`)),
  );
  found.push(
    ...readFileSync("/proc/net/dev", "utf8")
      .split("\n")
      .filter((line) => line.includes(bridgeNameOf(name))),
  );
  const folder = join("/tmp", `ds01-bed-${name}`);
  if (existsSync(folder)) found.push(folder);
  return found;
}

describe("two engines side by side", () => {
  let first: Engine;
  let second: Engine;
  const networkBefore = readFileSync("/proc/net/route", "utf8");
  const mountsBefore = readFileSync("/proc/self/mountinfo", "utf8");

  beforeAll(async () => {
    [first, second] = await Promise.all([
      startEngine({ name: names.first, nvidia: "A100-80GB:3g.40gb+2g.20gb+1g.10gb 3xA100-80GB" }),
      startEngine({ name: names.second, network: "none", liveRestore: true }),
    ]);
  });
  afterAll(async () => {
    await Promise.all([destroyEngine(names.first), destroyEngine(names.second)]);
  });

  test("know nothing of each other's containers and bring the bed's images", async () => {
    await started(first, { Image: "bed/base:1", name: "only-here" });
    expect(await second.docker.listContainers({ all: true })).toEqual([]);
    for (const engine of [first, second]) {
      const tags = (await engine.docker.listImages()).flatMap((image) => image.RepoTags ?? []);
      expect(tags.toSorted()).toEqual([...bedImages].toSorted());
    }
  });

  test("leave the host's mounts and routes as they were", () => {
    const isTheirs = (line: string): boolean =>
      [names.first, names.second].some((name) => line.includes(name) || line.includes(bridgeNameOf(name)));
    for (const [path, before] of [
      ["/proc/self/mountinfo", mountsBefore],
      ["/proc/net/route", networkBefore],
    ] as const) {
      // Others on this machine may mount something meanwhile.
      const now = readFileSync(path, "utf8").split("\n");
      const added = now.filter((line) => !before.includes(line));
      expect(added.filter(isTheirs)).toEqual([]);
    }
  });

  test("answer a second start of the same name with the running engine", async () => {
    const again = await startEngine({ name: names.first });
    expect(again.pid).toBe(first.pid);
    expect(again.socketPath).toBe(first.socketPath);
    expect((await listEngines()).find((row) => row.name === names.first)?.answers).toBe(true);
  });

  test("give containers a bridge network, reachable through nsenter", async () => {
    const container = await started(first, {
      Image: "bed/base:1",
      Cmd: ["httpd", "-f", "-p", "80"],
      ExposedPorts: { "80/tcp": {} },
      HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "18080" }] } },
    });
    const answer = await waitFor("the published port", () =>
      execFileSync(
        "nsenter",
        [
          ...first.nsenterArgs,
          "sh",
          "-c",
          "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | busybox nc 127.0.0.1 18080",
        ],
        { encoding: "utf8" },
      ),
    );
    expect(answer).toContain("HTTP/1.1 404");
    await container.remove({ force: true });
  });

  describe("and their GPUs", () => {
    test("show a container exactly the devices asked for by UUID", async () => {
      const lines = execFileSync(join(first.binPath, "nvidia-smi"), ["-L"], { encoding: "utf8" });
      const uuids = [...lines.matchAll(/^GPU \d+: .*\(UUID: (GPU-[0-9a-f-]{36})\)$/gm)].map(
        (match) => match[1] ?? "",
      );
      const [slice] = [...lines.matchAll(/MIG 2g\.20gb +Device +1: \(UUID: (MIG-[0-9a-f-]{36})\)/g)].map(
        (match) => match[1] ?? "",
      );
      expect(uuids).toHaveLength(4);
      const whole = await runContainer(
        first.docker,
        "bed/base:1",
        ["sh", "-c", "nvidia-smi -L; ls /dev | grep nvidia"],
        {
          DeviceRequests: [gpuRequest(uuids[3] ?? "", uuids[1] ?? "")],
        },
      );
      expect(whole.output.split("\n").filter(Boolean)).toEqual([
        `GPU 0: NVIDIA A100-SXM4-80GB (UUID: ${uuids[1]})`,
        `GPU 1: NVIDIA A100-SXM4-80GB (UUID: ${uuids[3]})`,
        "nvidia-uvm",
        "nvidia1",
        "nvidia3",
        "nvidiactl",
      ]);
      const partial = await runContainer(first.docker, "bed/base:1", ["nvidia-smi"], {
        DeviceRequests: [gpuRequest(slice ?? "")],
      });
      expect(partial.output.split("\n").filter(Boolean)).toEqual([
        `GPU 0: NVIDIA A100-SXM4-80GB (UUID: ${uuids[0]})`,
        `  MIG 2g.20gb     Device  0: (UUID: ${slice})`,
      ]);
      const calls = readFileSync(first.hookLog, "utf8").trim().split("\n");
      expect(JSON.parse(calls.at(-1) ?? "")).toMatchObject({
        devices: slice,
        visible: [uuids[0], slice],
        result: "ok",
      });
    });

    test.each([
      ["an index", "2", 1],
      ["a slice by index", "0:1", 1],
      ["everything", "all", 4],
      ["nothing", "none", 0],
    ])("accept %s", async (_case, device, gpus) => {
      const { output } = await runContainer(
        first.docker,
        "bed/base:1",
        ["sh", "-c", "nvidia-smi -L | grep -c ^GPU"],
        {
          DeviceRequests: [gpuRequest(device)],
        },
      );
      expect(output.trim()).toBe(String(gpus));
    });

    test("let the last of two requests win", async () => {
      const { output } = await runContainer(
        first.docker,
        "bed/base:1",
        ["sh", "-c", "ls /dev | grep -E 'nvidia[0-9]'"],
        {
          DeviceRequests: [gpuRequest("1"), gpuRequest("2")],
        },
      );
      expect(output.trim()).toBe("nvidia2");
    });

    test("refuse an unknown device in the real tool's words and leave the container behind", async () => {
      const container = await first.docker.createContainer({
        Image: "bed/base:1",
        HostConfig: { DeviceRequests: [gpuRequest("GPU-dead")] },
      });
      await expect(container.start()).rejects.toThrow(
        "nvidia-container-cli: device error: GPU-dead: unknown device",
      );
      const { State } = await container.inspect();
      expect([State.Status, State.ExitCode]).toEqual(["created", 128]);
      await container.remove();
    });

    test("stay hidden from a container that asks for none, also when its image bakes them in", async () => {
      for (const image of ["bed/base:1", "bed/cuda:1"]) {
        const { output } = await runContainer(first.docker, image, ["sh", "-c", "ls /dev | grep -c nvidia"]);
        expect(output.trim()).toBe("0");
      }
      const { output } = await runContainer(
        first.docker,
        "bed/cuda:1",
        ["sh", "-c", "nvidia-smi | grep -c ^GPU"],
        { Runtime: "nvidia" },
      );
      expect(output.trim()).toBe("4");
    });

    test("are unknown to an engine without the simulated stack", async () => {
      const container = await second.docker.createContainer({
        Image: "bed/base:1",
        HostConfig: { DeviceRequests: [gpuRequest("0")] },
      });
      await expect(container.start()).rejects.toThrow("could not select device driver");
    });
  });

  describe("and their images", () => {
    test("bed/health turns healthy, and unhealthy when its file goes", async () => {
      const container = await started(first, { Image: "bed/health:1" });
      const health = async (): Promise<string | undefined> =>
        (await container.inspect()).State.Health?.Status;
      await waitFor("healthy", async () => (await health()) === "healthy");
      const exec = await container.exec({ Cmd: ["rm", "/tmp/healthy"] });
      await exec.start({ Detach: true });
      await waitFor("unhealthy", async () => (await health()) === "unhealthy");
      await container.remove({ force: true });
    });

    test("bed/base and bed/pause end at once and cleanly on SIGTERM, bed/stubborn only on SIGKILL", async () => {
      const [polite, pause, stubborn] = await Promise.all([
        started(second, { Image: "bed/base:1" }),
        started(second, { Image: "bed/pause:1" }),
        started(second, { Image: "bed/stubborn:1" }),
      ]);
      // It listens to the signal before it begins to wait.
      await waitFor("it to wait", async () => {
        const exec = await polite.exec({ Cmd: ["sh", "-c", "cat /proc/[0-9]*/comm"], AttachStdout: true });
        let names = "";
        for await (const chunk of await exec.start({})) names += String(chunk);
        return names.includes("sleep\n");
      });
      await Promise.all([polite.stop({ t: 30 }), pause.stop({ t: 30 }), stubborn.stop({ t: 1 })]);
      expect((await polite.inspect()).State.ExitCode).toBe(0);
      expect((await pause.inspect()).State.ExitCode).toBe(0);
      expect((await stubborn.inspect()).State.ExitCode).toBe(137);
      await Promise.all([polite.remove(), pause.remove(), stubborn.remove()]);
    });

    test("bed/crash ends as its environment says", async () => {
      const container = await started(second, {
        Image: "bed/crash:1",
        Env: ["CRASH_CODE=42", "CRASH_MSG=no such file"],
        Tty: true,
      });
      await container.wait();
      expect((await container.inspect()).State.ExitCode).toBe(42);
      expect(String(await container.logs({ stderr: true, stdout: true }))).toContain("no such file");
      await container.remove();
    });

    test("bed/nousers and bed/oddusers run under a bare uid and a colliding name", async () => {
      const bare = await second.docker.createContainer({
        Image: "bed/nousers:1",
        User: "1234",
        Cmd: ["sh", "-c", "id -u; ls /etc/passwd /etc/group 2>/dev/null"],
        Tty: true,
      });
      await bare.start();
      await bare.wait();
      expect(String(await bare.logs({ stdout: true })).trim()).toBe("1234");
      const named = await started(second, {
        Image: "bed/oddusers:1",
        User: "app",
        Cmd: ["id", "-u"],
        Tty: true,
      });
      await named.wait();
      expect(String(await named.logs({ stdout: true })).trim()).toBe("1000");
      await Promise.all([bare.remove(), named.remove()]);
    });
  });

  describe("broken", () => {
    test("by SIGKILL: containers go on, and with live restore they keep their process", async () => {
      const container = await started(second, { Image: "bed/base:1" });
      const { Pid } = (await container.inspect()).State;
      const before = second.pid;
      await second.kill("KILL");
      expect(existsSync(`/proc/${Pid}`)).toBe(true);
      await expect(second.docker.ping()).rejects.toThrow();
      await second.start();
      expect(second.pid).not.toBe(before);
      expect((await container.inspect()).State).toMatchObject({ Running: true, Pid });
      await container.remove({ force: true });
    });

    test("by a restart without live restore: containers stop", async () => {
      const container = await started(first, { Image: "bed/base:1" });
      await first.restart();
      expect((await container.inspect()).State.Running).toBe(false);
      await container.remove();
    });

    test("by SIGSTOP: it accepts and does not answer, until SIGCONT", async () => {
      await second.kill("STOP");
      expect(await ping(second.socketPath)).toBe(false);
      const late = second.docker.ping().then(() => "answered");
      await second.kill("CONT");
      expect(await late).toBe("answered");
    });
  });
});

describe("stopping", () => {
  test.each(["netns", "none", "bridge"] as const)(
    "an engine with network %s leaves no trace",
    async (network) => {
      const folders = ["/run/docker", "/etc/docker", "/opt/containerd"];
      const look = (): string[] =>
        folders.flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []));
      const hostBefore = look();
      const engine = await startEngine({ name: names.other, network, nvidia: "1xH100" });
      await started(engine, { Image: "bed/base:1", HostConfig: { DeviceRequests: [gpuRequest("0")] } });
      const frozen = await started(engine, { Image: "bed/stubborn:1" });
      await frozen.pause();
      const own = namespacesOf(engine.pid).filter(
        (namespace) => !namespacesOf(process.pid).includes(namespace),
      );
      expect(own).toHaveLength(network === "bridge" ? 1 : 2);
      const during = traces(names.other, own);
      expect(during.filter((trace) => trace.startsWith("process")).length).toBeGreaterThan(4);
      expect(during.filter((trace) => trace.startsWith("/sys/fs/cgroup")).length).toBeGreaterThan(4);
      expect(look()).toEqual(hostBefore);
      await engine.stop();
      expect(traces(names.other, own)).toEqual([]);
      expect(look()).toEqual(hostBefore);
    },
  );

  test("was never done by a starter that died: the next start clears its leftovers", async () => {
    const code = `const { startEngine } = await import(${JSON.stringify(join(import.meta.dirname, "../bed/engine.ts"))});
const engine = await startEngine({ name: ${JSON.stringify(names.other)}, network: "none" });
const container = await engine.docker.createContainer({ Image: "bed/base:1", name: "leftover" });
await container.start();
console.log("ready");
setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", code], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    const [leftover] = (await listEngines()).filter((row) => row.name === names.other);
    expect(leftover?.answers).toBe(true);
    child.kill("SIGKILL");
    await once(child, "exit");
    const engine = await startEngine({ name: names.other, network: "none" });
    expect(engine.pid).not.toBe(leftover?.record?.daemon?.pid);
    expect(existsSync(`/proc/${leftover?.record?.daemon?.pid}/ns/net`)).toBe(false);
    expect(await engine.docker.listContainers({ all: true })).toEqual([]);
    await engine.stop();
  });
});

describe("the proxy in front of an engine", () => {
  test("counts mutating calls and passes streams and upgrades", async () => {
    const proxy = await startDockerProxy(inject("bedSocket"));
    const docker = new Docker({ socketPath: proxy.socketPath });
    const container = await docker.createContainer({ Image: "bed/base:1" });
    await container.start();
    const exec = await container.exec({ Cmd: ["cat"], AttachStdin: true, AttachStdout: true, Tty: true });
    const stream = await exec.start({ hijack: true, stdin: true });
    let echoed = "";
    stream.on("data", (chunk: Buffer) => {
      echoed += chunk.toString();
    });
    stream.write("hello\n");
    await waitFor("the echo", () => echoed.includes("hello"));
    stream.destroy();
    await docker.listContainers();
    await container.remove({ force: true });
    expect(proxy.mutations()).toEqual([
      "POST /containers/create",
      `POST /containers/${container.id}/start`,
      `POST /containers/${container.id}/exec`,
      `POST /exec/${exec.id}/start`,
      `DELETE /containers/${container.id}`,
    ]);
    await proxy.stop();
  });

  test("refuses, resets, loses and delays answers by rule", async () => {
    const proxy = await startDockerProxy(inject("bedSocket"));
    const docker = new Docker({ socketPath: proxy.socketPath });
    proxy.addRule({ fault: "status", path: /^\/containers\/json$/, status: 503, message: "busy", times: 1 });
    await expect(docker.listContainers()).rejects.toMatchObject({ statusCode: 503 });
    await expect(docker.listContainers()).resolves.toBeInstanceOf(Array);
    const drop = proxy.addRule({ fault: "reset", path: /^\/_ping$/ });
    await expect(docker.ping()).rejects.toThrow();
    drop();
    await expect(docker.ping()).resolves.toBeTruthy();
    const name = `lost-${process.pid}`;
    proxy.addRule({ fault: "lost", method: "POST", path: /^\/containers\/create$/, times: 1 });
    await expect(docker.createContainer({ Image: "bed/base:1", name })).rejects.toThrow();
    const real = docker.getContainer(name);
    expect((await real.inspect()).State.Status).toBe("created");
    await real.remove();
    const free = proxy.addRule({ fault: "hang", path: /^\/info$/ });
    const hanging = docker.info().then(
      () => "answered",
      () => "dropped",
    );
    await waitFor("the request to arrive", () => proxy.requests.some((request) => request.path === "/info"));
    free();
    expect(await hanging).toBe("dropped");
    await proxy.stop();
  });
});
