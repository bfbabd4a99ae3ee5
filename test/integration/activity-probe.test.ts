import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { Container } from "dockerode";
import { activityProbe } from "../../src/adapters/docker/activity-probe.ts";
import { connectDocker } from "../../src/adapters/docker/connect.ts";
import { dockerRuntime } from "../../src/adapters/docker/runtime.ts";
import type { ObservedContainer } from "../../src/core/observed.ts";
import { waitFor } from "../bed/wait-for.ts";
import { silentLog } from "../support/silent-log.ts";

const dockerHost = `unix://${inject("bedSocket")}`;
const docker = connectDocker(dockerHost);
const runtime = dockerRuntime({ dockerHost, log: silentLog() });
const probe = activityProbe();

describe("what goes on in a container", () => {
  let container: Container;
  let observed: ObservedContainer;

  beforeAll(async () => {
    container = await docker.createContainer({ Image: "bed/base:1", WorkingDir: "/tmp" });
    await container.start();
    observed = (await runtime.inspect(container.id))!;
  });
  afterAll(async () => container.remove({ force: true }));

  const run = async (script: string, tty = false): Promise<void> => {
    const exec = await container.exec({ Cmd: ["sh", "-c", script], AttachStdout: true, Tty: tty });
    const stream = await exec.start({ Tty: tty });
    stream.resume();
    await new Promise((resolve) => stream.once("end", resolve));
  };

  it("is read from the files of the kernel, and grows with what is done", async () => {
    const before = await probe.read(observed, null);
    expect(before).toMatchObject({ keepAliveAt: null, terminalStamp: 0 });
    await run("i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done");
    expect((await probe.read(observed, null)).cpuMs! - before.cpuMs!).toBeGreaterThan(20);
    const gateway = observed.id && (await container.inspect()).NetworkSettings.Networks["bridge"]?.Gateway;
    await run(`ping -c 3 -s 20000 -W 1 ${gateway ?? "127.0.0.1"} || true`);
    expect((await probe.read(observed, null)).networkBytes!).toBeGreaterThan(before.networkBytes!);
  });

  it("counts what its processes read and write while they do", async () => {
    const before = await probe.read(observed, null);
    const exec = await container.exec({
      Cmd: ["sh", "-c", "dd if=/dev/zero of=/tmp/x bs=1M count=8; sleep 60"],
    });
    await exec.start({ Detach: true });
    await waitFor("the bytes", async () => {
      const { ioBytes } = await probe.read(observed, null);
      return ioBytes! - before.ioBytes! > 8 * 1024 ** 2;
    });
  });

  it("knows when a terminal was used", async () => {
    const exec = await container.exec({
      Cmd: ["sh", "-c", "echo hello; sleep 60"],
      AttachStdout: true,
      Tty: true,
    });
    (await exec.start({ Tty: true })).resume();
    await waitFor("a terminal", async () => ((await probe.read(observed, null)).terminalStamp ?? 0) > 0);
  });

  it("finds .keep-alive in its working directory and in its owner's home directory", async () => {
    const home = mkdtempSync(join(tmpdir(), "ds01-home-"));
    writeFileSync(join(home, ".keep-alive"), "");
    utimesSync(join(home, ".keep-alive"), 1000, 1000);
    expect((await probe.read(observed, home)).keepAliveAt).toBe(1_000_000);
    await run("touch /tmp/.keep-alive");
    expect((await probe.read(observed, home)).keepAliveAt).toBeGreaterThan(Date.now() - 60_000);
    await run("rm /tmp/.keep-alive; mkdir /tmp/.keep-alive");
    expect((await probe.read(observed, null)).keepAliveAt).toBeNull();
    rmSync(home, { recursive: true });
  });

  it("is not known of another process that has the number of its first one, or of none", async () => {
    const nothing = {
      cpuMs: null,
      networkBytes: null,
      ioBytes: null,
      terminalStamp: null,
      keepAliveAt: null,
    };
    expect(await probe.read({ ...observed, pid: process.pid }, null)).toEqual(nothing);
    expect(await probe.read({ ...observed, pid: null }, null)).toEqual(nothing);
  });

  it("has no network of its own where that is the host's", async () => {
    const onHost = { ...observed, config: { ...observed.config, network: "host" } };
    expect(await probe.read(onHost, null)).not.toHaveProperty("networkBytes");
  });

  it("is read the same where the machine has one hierarchy of cgroups", async () => {
    const root = mkdtempSync(join(tmpdir(), "ds01-cgroup2-"));
    const [procRoot, cgroupRoot] = [join(root, "proc"), join(root, "cgroup")];
    const scope = `system.slice/docker-${observed.id}.scope`;
    mkdirSync(join(procRoot, "7"), { recursive: true });
    mkdirSync(join(cgroupRoot, scope, "inner"), { recursive: true });
    // Its first process sits in a cgroup below that of the container.
    writeFileSync(join(procRoot, "7/cgroup"), `0::/${scope}/inner\n`);
    writeFileSync(join(procRoot, "7/io"), "rchar: 5\nwchar: 6\nsyscr: 1\n");
    writeFileSync(join(cgroupRoot, scope, "cpu.stat"), "usage_usec 2500\nuser_usec 1\n");
    writeFileSync(join(cgroupRoot, scope, "cgroup.procs"), "");
    writeFileSync(join(cgroupRoot, scope, "inner/cgroup.procs"), "7\n9\n");
    const read = await activityProbe({ procRoot, cgroupRoot }).read({ ...observed, pid: 7 }, null);
    expect(read).toMatchObject({ cpuMs: 2.5, ioBytes: 11, networkBytes: null });
    rmSync(root, { recursive: true });
  });
});
