import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { aggregateCgroups } from "../../src/adapters/host/aggregate-cgroups.ts";
import { CgroupTree } from "../../src/adapters/host/cgroup-tree.ts";
import { SystemdSlices } from "../../src/adapters/host/systemd-slices.ts";
import { destroyCgroup } from "../bed/cgroup.ts";
import { waitFor } from "../bed/wait-for.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const mebibyte = 1024 ** 2;

describe("cgroups of this machine", () => {
  /** A root that is removed afterwards, with whatever runs in it. */
  function ownRoot(): string {
    const root = `ds01-bed-aggregate-${process.pid}-${Math.round(performance.now())}`;
    onTestFinished(() => destroyCgroup(root));
    return root;
  }

  test("limits are written where they differ, and read back from the kernel", async () => {
    const root = ownRoot();
    const parent = `/${root}/students/alice`;
    const cgroups = aggregateCgroups();
    expect(await cgroups.exists("cgroupfs", parent)).toBe(false);
    const limits = { cpus: 1.5, memoryBytes: 64 * mebibyte, pids: 50 };
    expect(await cgroups.limit("cgroupfs", parent, limits)).toMatchObject({
      written: ["cpus", "memoryBytes", "pids"],
    });
    expect(await cgroups.exists("cgroupfs", parent)).toBe(true);
    const tree = new CgroupTree();
    expect(await tree.limits(parent)).toEqual(limits);
    expect(await cgroups.limit("cgroupfs", parent, limits)).toEqual({ written: [], held: null });
    await tree.write(parent, "pids", 7);
    expect(await cgroups.limit("cgroupfs", parent, limits)).toEqual({ written: ["pids"], held: null });
    const none = { cpus: null, memoryBytes: null, pids: null };
    await cgroups.limit("cgroupfs", parent, none);
    expect(await tree.limits(parent)).toEqual(none);
  });

  test("memory is not lowered below what is in use", async () => {
    const root = ownRoot();
    const parent = `/${root}/students/alice`;
    const cgroups = aggregateCgroups();
    const limits = (memoryBytes: number) => ({ cpus: null, memoryBytes, pids: null });
    await cgroups.limit("cgroupfs", parent, limits(256 * mebibyte));
    const memory = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup"].map((mount) =>
      join(mount, parent, "cgroup.procs"),
    );
    const procs = memory.find((path) => existsSync(path)) ?? "";
    const script = `require("fs").writeFileSync(${JSON.stringify(procs)}, String(process.pid));
      globalThis.kept = Buffer.alloc(${100 * mebibyte}, 1); console.log("filled"); setInterval(() => kept.length, 1000)`;
    const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child.stdout, "data");
    const { written, held } = await cgroups.limit("cgroupfs", parent, limits(64 * mebibyte));
    expect(written).toEqual([]);
    expect(held).toMatchObject({ limitBytes: 256 * mebibyte });
    expect(held?.usedBytes).toBeGreaterThan(100 * mebibyte);
    expect(child.exitCode).toBeNull();
    child.kill("SIGKILL");
    await waitFor("the memory to be free", async () => {
      const outcome = await cgroups.limit("cgroupfs", parent, limits(64 * mebibyte));
      return outcome.held === null && outcome.written.includes("memoryBytes");
    });
  });
});

/** Files as cgroup v2 has them; the kernel would make those of each directory. */
function unifiedTree(): string {
  const mount = temporaryDirectory();
  writeFileSync(join(mount, "cgroup.controllers"), "cpuset cpu io memory pids\n");
  writeFileSync(join(mount, "cgroup.subtree_control"), "memory pids\n");
  return mount;
}

test("on cgroup v2 the controllers are passed on and the files are those of v2", async () => {
  const mount = unifiedTree();
  const cgroups = aggregateCgroups({ mount });
  await cgroups.limit("cgroupfs", "/ds01/students/alice", {
    cpus: 0.5,
    memoryBytes: 64 * mebibyte,
    pids: 50,
  });
  const read = (path: string): string => readFileSync(join(mount, path), "utf8").trim();
  expect(read("cgroup.subtree_control")).toBe("+cpu");
  expect(read("ds01/cgroup.subtree_control")).toBe("+cpu +memory +pids");
  expect(read("ds01/students/alice/cpu.max")).toBe("50000 100000");
  expect(read("ds01/students/alice/memory.max")).toBe(String(64 * mebibyte));
  expect(read("ds01/students/alice/pids.max")).toBe("50");
  expect(existsSync(join(mount, "ds01/students/memory.max"))).toBe(false);
  // What is only cached is given back by the kernel when it has to be; the rest would be killed.
  writeFileSync(join(mount, "ds01/students/alice/memory.current"), String(60 * mebibyte));
  const cached = (bytes: number): void =>
    writeFileSync(
      join(mount, "ds01/students/alice/memory.stat"),
      `anon 1\ninactive_file ${bytes}\nactive_file 0\n`,
    );
  cached(20 * mebibyte);
  const lower = { cpus: null, memoryBytes: 32 * mebibyte, pids: null };
  expect(await cgroups.limit("cgroupfs", "/ds01/students/alice", lower)).toEqual({
    written: ["cpus", "pids"],
    held: { limitBytes: 64 * mebibyte, usedBytes: 40 * mebibyte },
  });
  expect(read("ds01/students/alice/cpu.max")).toBe("max 100000");
  cached(30 * mebibyte);
  expect((await cgroups.limit("cgroupfs", "/ds01/students/alice", lower)).written).toEqual(["memoryBytes"]);
});

describe("slices of systemd", () => {
  const slice = "ds01-students-alice.slice";
  const folder = "ds01.slice/ds01-students.slice/ds01-students-alice.slice";

  /** A systemctl that keeps active slices as files, and what it was called with. */
  function standIn(body: string): { slices: SystemdSlices; calls: () => string[]; mount: string } {
    const bin = temporaryDirectory();
    const mount = unifiedTree();
    writeFileSync(join(bin, "calls"), "");
    const script = `#!/bin/sh\nshift\necho "$*" >> ${bin}/calls\nMOUNT=${mount} BIN=${bin}\n${body}\n`;
    writeFileSync(join(bin, "systemctl"), script, { mode: 0o755 });
    return {
      slices: new SystemdSlices({ environment: { PATH: `${bin}:/usr/bin:/bin` }, deadlineMs: 2000 }),
      calls: () => readFileSync(join(bin, "calls"), "utf8").split("\n").slice(0, -1),
      mount,
    };
  }

  /** What systemd does, as far as it matters here. */
  const working = `
case "$1" in
  show) if [ -e $BIN/active ]; then echo ActiveState=active; else echo ActiveState=inactive; fi; echo FragmentPath= ;;
  set-property) shift 3; for p in "$@"; do echo "$p" >> $BIN/properties; done ;;
  start) touch $BIN/active; mkdir -p $MOUNT/${folder}; cd $MOUNT/${folder}
    while IFS== read -r key value; do case "$key" in
      CPUQuota) [ -z "$value" ] && echo "max 100000" > cpu.max || echo "$(( \${value%\\%} * 1000 )) 100000" > cpu.max ;;
      MemoryMax) [ "$value" = infinity ] && echo max > memory.max || echo "$value" > memory.max ;;
      TasksMax) [ "$value" = infinity ] && echo max > pids.max || echo "$value" > pids.max ;;
    esac; done < $BIN/properties ;;
esac`;

  test("limits are set for the running system before the slice is started, and again when they differ", async () => {
    const { slices, calls, mount } = standIn(working);
    const cgroups = aggregateCgroups({ slices, mount });
    expect(await cgroups.exists("systemd", slice)).toBe(false);
    const limits = { cpus: 1.5, memoryBytes: 64 * mebibyte, pids: 50 };
    await cgroups.limit("systemd", slice, limits);
    expect(calls().filter((call) => !call.startsWith("show"))).toEqual([
      `set-property --runtime ${slice} CPUQuota=150% MemoryMax=${64 * mebibyte} TasksMax=50`,
      `start ${slice}`,
    ]);
    expect(await cgroups.exists("systemd", slice)).toBe(true);
    const before = calls().length;
    expect(await cgroups.limit("systemd", slice, limits)).toEqual({ written: [], held: null });
    expect(calls().slice(before)).toEqual([`show --property=ActiveState,FragmentPath ${slice}`]);
    writeFileSync(join(mount, folder, "pids.max"), "9\n");
    expect(await cgroups.limit("systemd", slice, limits)).toEqual({ written: ["pids"], held: null });
    await cgroups.limit("systemd", slice, { cpus: null, memoryBytes: null, pids: null });
    expect(calls()).toContain(
      `set-property --runtime ${slice} CPUQuota= MemoryMax=infinity TasksMax=infinity`,
    );
  });

  test("a slice that somebody has written a unit file for is there", async () => {
    const { slices } = standIn('echo ActiveState=inactive; echo "FragmentPath=/etc/systemd/system/x.slice"');
    expect(await slices.exists(slice)).toBe(true);
  });

  test.each([
    [
      "says no",
      'echo "Failed to set unit properties: Access denied" >&2; exit 1',
      /systemctl show failed: .*Access denied/,
    ],
    ["hangs", "exec sleep 30", /systemctl show did not answer within 2 s/],
  ])("a systemd that %s is an error with its words", async (_what, body, message) => {
    const { slices, mount } = standIn(body);
    const cgroups = aggregateCgroups({ slices, mount });
    await expect(cgroups.limit("systemd", slice, { cpus: 1, memoryBytes: null, pids: null })).rejects.toThrow(
      message,
    );
  });

  test("limits that the kernel does not show are an error", async () => {
    const { slices, mount } = standIn("[ $1 != show ] || echo ActiveState=active");
    mkdirSync(join(mount, folder), { recursive: true });
    const cgroups = aggregateCgroups({ slices, mount });
    await expect(cgroups.limit("systemd", slice, { cpus: 1, memoryBytes: null, pids: null })).rejects.toThrow(
      `/${folder} does not show the limits after they were set`,
    );
  });
});
