import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cgroupOf, destroyCgroup, moveIntoCgroup } from "../bed/cgroup.ts";
import { startEngine } from "../bed/engine.ts";
import type { Engine } from "../bed/engine.ts";
import { readGpuState, updateGpuState } from "../bed/nvidia/state.ts";
import { waitFor } from "../bed/wait-for.ts";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

/** `nobody`, who has an account everywhere, and one of the subordinate ids that somebody's container may run as. */
const [nobody, subordinate] = [65_534, 265_533];
/** Below this cgroup others' are made, with the names that their makers give them. */
const root = `ds01-bed-foreign-${process.pid}`;
const idOf = (name: string): string => createHash("sha256").update(name).digest("hex");
const shortIdOf = (name: string): string => idOf(name).slice(0, 12);
const pod = "0a1b2c3d-1111-2222-3333-444455556666";

/** Processes that other programs than this engine have started: where they are, as whom, and how they are told. */
const others: readonly { readonly cgroup: string; readonly uid: number; readonly told: string }[] = [
  {
    cgroup: `machine.slice/libpod-${idOf("podman of root")}.scope/container`,
    uid: 0,
    told: `container ${shortIdOf("podman of root")} (unknown user, not of this engine)`,
  },
  {
    cgroup: `user.slice/user-${nobody}.slice/user@${nobody}.service/user.slice/libpod-${idOf("podman")}.scope/container`,
    uid: subordinate,
    told: `container ${shortIdOf("podman")} (nobody, not of this engine)`,
  },
  {
    cgroup: `kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${pod.replaceAll("-", "_")}.slice/cri-containerd-${idOf("kubelet")}.scope`,
    uid: 0,
    told: `container ${shortIdOf("kubelet")} (unknown user, not of this engine)`,
  },
  {
    cgroup: `kubepods/besteffort/pod${pod}/${idOf("kubelet with cgroupfs")}`,
    uid: nobody,
    told: `container ${shortIdOf("kubelet with cgroupfs")} (nobody, not of this engine)`,
  },
  { cgroup: `user.slice/user-${nobody}.slice/session-7.scope`, uid: 0, told: "(nobody, host)" },
];

describe("GPUs that other engines use", () => {
  let host: Host;
  let second: Engine;
  /** Whoever uses GPU 0, 1, ...: how it is told, its pid, and what ends it. */
  const users: { readonly told: string; readonly pid: number; readonly end: () => Promise<void> }[] = [];

  beforeAll(async () => {
    host = await startHost({ name: "other-engines", nvidia: `${others.length + 2}xA100-80GB` });
    second = await startEngine({ name: `e2e-second-${process.pid}`, network: "none" });
  });

  afterAll(async () => {
    for (const { end } of users) await end();
    await destroyCgroup(root);
    await second.stop();
    await host.stop();
  });

  async function startIn(cgroup: string, uid: number): Promise<ChildProcess & { readonly pid: number }> {
    const child = spawn("sleep", ["300"], { stdio: "ignore", uid, gid: uid });
    await once(child, "spawn");
    const { pid } = child;
    if (pid === undefined) throw new Error("sleep has no pid");
    moveIntoCgroup(cgroup, pid);
    return Object.assign(child, { pid });
  }

  async function end(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  /** Has the next GPU be used by the process. */
  function use(user: (typeof users)[number]): void {
    const { pid } = user;
    updateGpuState(host.engine.gpuState, ({ gpus }) => {
      gpus[users.length]!.processes.push({ pid, name: "/usr/bin/python3", memoryMiB: 20_000, type: "C" });
    });
    let ending: Promise<void> | undefined;
    users.push({ ...user, end: () => (ending ??= user.end()) });
  }

  /** The driver forgets a process that has ended. */
  async function endUser(index: number): Promise<void> {
    await users[index]!.end();
    updateGpuState(host.engine.gpuState, ({ gpus }) => void gpus[index]!.processes.splice(0));
  }

  async function startOthers(): Promise<void> {
    for (const { cgroup, uid, told } of others) {
      const child = await startIn(`${root}/${cgroup}`, uid);
      const isHosts = told.endsWith("host)");
      use({ told: isHosts ? `pid ${child.pid} ${told}` : told, pid: child.pid, end: () => end(child) });
    }
  }

  /** Docker within a container of this engine: the inner one is known to the inner engine only. */
  async function startInner(): Promise<void> {
    const outer = await host.engine.docker.createContainer({ name: "dind", Image: "bed/base:1" });
    await outer.start();
    const { State } = await outer.inspect();
    const inner = await startIn(`${cgroupOf(State.Pid)}/docker/${idOf("inner")}`, 0);
    use({
      told: "container dind (unknown user, docker)",
      pid: inner.pid,
      end: async () => {
        await end(inner);
        await outer.remove({ force: true });
      },
    });
  }

  /** A container of another Docker on this machine. */
  async function startInSecond(): Promise<void> {
    const container = await second.docker.createContainer({ Image: "bed/base:1", User: String(nobody) });
    await container.start();
    const { State, Id } = await container.inspect();
    use({
      told: `container ${Id.slice(0, 12)} (nobody, not of this engine)`,
      pid: State.Pid,
      end: async () => container.remove({ force: true }),
    });
  }

  it("must name each by its container and owner, give none of them away until all are gone, and end nobody", async () => {
    await startOthers();
    await startInner();
    await startInSecond();
    const told = users.map((user) => user.told);
    const seen = async (): Promise<readonly (string | null)[]> => {
      // Who asks has the devices looked at.
      await host.client.gpuUsage();
      const all = await host.gpus();
      return users.map((_, index) => all.get(String(index))?.status.foreign?.join() ?? null);
    };
    // Who they are is found out after they are seen.
    await expect.poll(seen).toEqual(told);
    const gpus = await host.gpus();
    for (const [slot, text] of told.entries())
      expect(gpus.get(String(slot))?.status).toMatchObject({ state: "InUse", holder: null, reason: text });
    const table = (await host.ds01("get", "gpus")).stdout;
    for (const text of told) expect(table).toContain(text);
    expect((await host.ds01("gpu", "check", "0")).code).toBe(1);

    const all = { gpus: { count: users.length }, lifecycle: { holdGpuAfterStop: "0s" } };
    host.drop("users/alice/all.yaml", containerSpec("all", all));
    const waiting = await host.waitForPending("alice/all", "WaitingForDevices");
    expect(waiting.status.gpus).toEqual([]);
    expect(waiting.status.message).toContain(
      `${users.length - 1} in use by a container ds01 does not manage`,
    );
    expect(waiting.status.message).toContain("1 in use by a host process");

    for (const { pid } of users) expect(() => process.kill(pid, 0)).not.toThrow();
    for (const index of users.keys()) {
      await endUser(index);
      if (index === users.length - 1) break;
      await waitFor(
        `GPU ${index} to be free`,
        async () => (await host.gpus()).get(String(index))?.status.state === "Free",
        { intervalMs: 100 },
      );
      expect((await host.container("alice/all"))?.status.phase).toBe("Pending");
    }
    const { status } = await host.waitForReady("alice/all");
    const uuids = readGpuState(host.engine.gpuState).gpus.map(({ uuid }) => uuid);
    expect(status.gpus.map(({ uuid }) => uuid).toSorted()).toEqual(uuids.toSorted());
  });
});
