import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ContainerInspectInfo } from "dockerode";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runFlags } from "../../src/api/run-command/run-flags.ts";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { quotaSpec } from "./spec-text.ts";

const run = promisify(execFile);

/** What of a container in Docker a person can tell apart, beside which GPUs it has. */
function settings({ Config, HostConfig }: ContainerInspectInfo): object {
  const { Image, Entrypoint, Cmd, WorkingDir, User, Env, StopTimeout, StopSignal } =
    Config as typeof Config & {
      StopTimeout?: number;
      StopSignal?: string;
    };
  const { NanoCpus, Memory, MemorySwap, ShmSize, PidsLimit, Ulimits, NetworkMode, IpcMode, PidMode } =
    HostConfig;
  const { Privileged, CapAdd, CapDrop, SecurityOpt, ReadonlyRootfs, PortBindings, Devices } = HostConfig;
  // By -v Docker writes binds, by the API mounts.
  const binds = (HostConfig.Binds ?? []).map((bind) => {
    const [source, target, mode = ""] = bind.split(":");
    return { source, target, readOnly: mode.split(",").includes("ro") };
  });
  const mounts = (HostConfig.Mounts ?? []).map(({ Source, Target, ReadOnly }) => ({
    source: Source,
    target: Target,
    readOnly: ReadOnly ?? false,
  }));
  return {
    image: { Image, Entrypoint: Entrypoint ?? [], Cmd: Cmd ?? [], WorkingDir, User, StopTimeout },
    process: {
      StopSignal: StopSignal?.replace(/^SIG/, ""),
      Hostname: Config.Hostname,
      Init: HostConfig.Init,
      ExtraHosts: HostConfig.ExtraHosts,
    },
    environment: Env.filter((variable) => !/^(?:NVIDIA_|CUDA_|PATH=)/.test(variable)).toSorted(),
    limits: { NanoCpus, Memory, MemorySwap, ShmSize, PidsLimit, Ulimits: sorted(Ulimits) },
    // Docker's words for the same: without a name, and without an address.
    namespaces: { NetworkMode: NetworkMode === "default" ? "bridge" : NetworkMode, IpcMode, PidMode },
    rights: {
      Privileged,
      CapAdd: sorted(CapAdd),
      CapDrop: sorted(CapDrop),
      SecurityOpt: sorted(SecurityOpt),
      ReadonlyRootfs,
    },
    ports: JSON.stringify(PortBindings ?? {}).replaceAll('"HostIp":""', '"HostIp":"0.0.0.0"'),
    devices: sorted(Devices),
    mounts: [...binds, ...mounts].toSorted((one, other) =>
      (one.target ?? "") < (other.target ?? "") ? -1 : 1,
    ),
  };
}

function sorted(list: readonly unknown[] | null | undefined): readonly string[] {
  return (list ?? []).map((item) => JSON.stringify(item).replace("CAP_", "")).toSorted();
}

describe("what Docker ran", () => {
  let host: Host;
  let data: string;

  const docker = async (...line: string[]): Promise<string> => {
    const { stdout } = await run("docker", ["-H", `unix://${host.engine.socketPath}`, ...line]);
    return stdout.trim();
  };

  beforeAll(async () => {
    host = await startHost({
      name: "docker-import",
      nvidia: "4xA100-80GB",
      files: {
        "quotas/everything.yaml": quotaSpec("everything", {
          subjects: { users: ["alice"] },
          policy: {
            hostPaths: [{ path: "/**" }],
            users: ["*"],
            hostIPC: true,
            hostPID: true,
            hostNetwork: true,
            capabilities: ["*"],
            securityOptions: ["seccomp=unconfined"],
            devices: [{ path: "/dev/**" }],
            hostPorts: { ranges: ["1024-65535"], addresses: ["*"] },
          },
        }),
      },
    });
    data = join(host.directory, "data");
    mkdirSync(data);
    writeFileSync(join(data, "here"), "yes\n");
  });

  afterAll(async () => host.stop());

  /** A line with everything that a spec has a field for. */
  const line = (name: string): string[] =>
    [
      ["-d", "--name", name, "--pull", "never", "--entrypoint", "/bin/sh", "-w", "/tmp", "-u", "1000:1000"],
      ["-e", "GREETING=hello world", "-e", "EMPTY=", "--gpus", "2", "-v", `${data}:/data:ro`],
      ["--mount", `type=bind,source=${data},target=/more`, "-p", "127.0.0.1:18080:80", "-p", "18081:81/udp"],
      ["-m", "64m", "--memory-swap", "64m", "--cpus", "0.5", "--shm-size", "16m", "--pids-limit", "50"],
      ["--ulimit", "nofile=1024:2048", "--cap-drop", "ALL", "--cap-add", "CAP_CHOWN", "--read-only"],
      ["--security-opt", "no-new-privileges", "--security-opt", "seccomp=unconfined"],
      ["--device", "/dev/null:/dev/zilch:rw", "--pid", "host", "--stop-timeout", "3", "--restart", "always"],
      ["--init", "--stop-signal", "INT", "--hostname", "worker-1", "--add-host", "data.lab.example:10.0.0.5"],
      ["bed/base:1", "-c", 'echo "$GREETING"; exec sleep 1000'],
    ].flat();

  it("must run by import run as it ran by docker run", async () => {
    const imported = await host.ds01("import", "run", "--", "docker", "run", ...line("train"));
    expect(imported).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("1 container, 1 flag left out, 0 not as it was\n"),
    });
    host.drop("users/alice/train.yaml", imported.stdout);
    const { status } = await host.waitForReady("alice/train");
    expect(status.gpus).toHaveLength(2);
    const own = await host.dockerInspect("alice/train");
    await expect.poll(async () => (await host.ds01("logs", "train")).stdout).toBe("hello world\n");
    await host.remove("alice/train");

    await docker("run", ...line("by-hand"));
    const theirs = await host.engine.docker.getContainer("by-hand").inspect();
    expect(settings(own)).toEqual(settings(theirs));
    await host.engine.docker.getContainer("by-hand").remove({ force: true });
  });

  it("must run each service of a compose file as the file says", async () => {
    const project = join(host.directory, "project");
    mkdirSync(join(project, "data"), { recursive: true });
    writeFileSync(join(project, ".env"), "GREETING=hello\n");
    writeFileSync(join(project, "more.env"), "MORE='from $a file'\n");
    writeFileSync(
      join(project, "compose.yaml"),
      `x-base: &base
  image: bed/base:1
  pull_policy: never
  stop_grace_period: 1s
  command: sh -c 'echo "$$GREETING $$MORE"; exec sleep 1000'
services:
  trainer:
    <<: *base
    environment: {GREETING: "\${GREETING:-nothing}", WHO: "\${WHO:-me}"}
    env_file: more.env
    volumes: ["./data:/data:ro"]
    user: "1000:1000"
    working_dir: /tmp
    shm_size: 16m
    ulimits: {nofile: {soft: 1024, hard: 2048}}
    cap_drop: [ALL]
    deploy:
      resources:
        limits: {cpus: "0.5", memory: 64M, pids: 50}
        reservations: {devices: [{driver: nvidia, count: 1, capabilities: [gpu]}]}
  web:
    <<: *base
    network_mode: host
    ipc: host
    restart: always
    depends_on: [trainer]
`,
    );
    const users = join(host.specs, "users/alice");
    mkdirSync(users, { recursive: true });
    const line = ["import", "compose", join(project, "compose.yaml"), "--output-dir", users];
    const imported = await host.ds01(...line);
    expect(imported).toMatchObject({
      code: 0,
      stdout: `${join(users, "trainer.yaml")}\n${join(users, "web.yaml")}\n`,
      stderr: expect.stringContaining("services.web.depends_on"),
    });
    const { status } = await host.waitForReady("alice/trainer");
    expect(status.gpus).toHaveLength(1);
    await expect.poll(async () => (await host.ds01("logs", "trainer")).stdout).toBe("hello from $a file\n");
    const { Config, HostConfig, Mounts } = await host.dockerInspect("alice/trainer");
    expect(Config).toMatchObject({ User: "1000:1000", WorkingDir: "/tmp" });
    expect(Config.Env).toEqual(expect.arrayContaining(["GREETING=hello", "WHO=me", "MORE=from $a file"]));
    expect(HostConfig).toMatchObject({
      NanoCpus: 5e8,
      Memory: 64 * 1024 ** 2,
      PidsLimit: 50,
      ShmSize: 16 * 1024 ** 2,
      Ulimits: [{ Name: "nofile", Soft: 1024, Hard: 2048 }],
      CapDrop: ["ALL"],
    });
    expect(Mounts).toMatchObject([{ Source: join(project, "data"), Destination: "/data", RW: false }]);
    await host.waitForReady("alice/web");
    expect((await host.dockerInspect("alice/web")).HostConfig).toMatchObject({
      NetworkMode: "host",
      IpcMode: "host",
    });
    await host.remove("alice/trainer", "alice/web");
  });

  it("must run by Docker alone as export run says", async () => {
    const imported = await host.ds01("import", "run", "--", "docker", "run", ...line("train"));
    host.drop("users/alice/train.yaml", imported.stdout);
    const { status } = await host.waitForReady("alice/train");
    const own = await host.dockerInspect("alice/train");
    const exported = await host.ds01("export", "run", "train");
    expect(exported).toMatchObject({ code: 0, stderr: "" });
    const uuids = status.gpus.map(({ uuid }) => uuid);
    expect(exported.stdout).toContain(`--gpus '"device=${uuids.join(",")}"' `);
    const composed = await host.ds01("export", "compose", "container/train");
    await host.remove("alice/train");

    const env = { ...host.environment, DOCKER_HOST: `unix://${host.engine.socketPath}` };
    await run("sh", ["-ec", exported.stdout], { env });
    const alone = host.engine.docker.getContainer("train");
    const theirs = await alone.inspect();
    expect(settings(theirs)).toEqual(settings(own));
    expect(theirs.HostConfig.DeviceRequests).toMatchObject([{ DeviceIDs: uuids }]);
    await expect.poll(async () => docker("logs", "train")).toBe("hello world");
    await alone.remove({ force: true });

    // By a compose file the same settings come back.
    const again = await host.ds01With({ stdin: composed.stdout }, "import", "compose", "-");
    expect(again).toMatchObject({ code: 0 });
    host.drop("users/alice/train.yaml", again.stdout);
    await host.waitForReady("alice/train");
    expect(settings(await host.dockerInspect("alice/train"))).toEqual(settings(own));
    await host.remove("alice/train");
  });

  it("must export what is there, and only in a form that it knows", async () => {
    expect(await host.ds01("export", "run", "nobody")).toMatchObject({ code: 4, stdout: "" });
    for (const [words, said] of [
      [["train"], "say as what to export: run, compose"],
      [["run"], "say: ds01 export run NAME"],
      [["run", "a", "b"], "say: ds01 export run NAME"],
      [["compose"], "say: ds01 export compose NAME..."],
    ] as const) {
      const refused = await host.ds01("export", ...words);
      expect(refused).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(said) });
    }
  });

  it("must know every flag of the docker run that is installed", async () => {
    const help = await docker("run", "--help");
    const names = [...help.matchAll(/^ +(?:-(\w), )?--([a-z0-9-]+)/gm)];
    expect(names.length).toBeGreaterThan(90);
    for (const [, short, name = ""] of names) {
      expect([name, runFlags.get(name)?.short]).toEqual([name, short]);
      expect(runFlags.has(name)).toBe(true);
    }
    // Switches are those that have no word for a value behind them.
    for (const [, name = "", type] of help.matchAll(/^ +(?:-\w, )?--([a-z0-9-]+)(?: ([a-z0-9-]+))? {2,}/gm)) {
      expect([name, runFlags.get(name)?.takesValue]).toEqual([name, type !== undefined]);
    }
  });
});
