import { appendFileSync, existsSync, readFileSync } from "node:fs";
import type { Container } from "dockerode";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { dockerAccess } from "../../src/adapters/docker/access.ts";
import { connectDocker } from "../../src/adapters/docker/connect.ts";
import { waitFor } from "../bed/wait-for.ts";
import { deviceAccess } from "../../src/adapters/docker/device-access.ts";
import type { AccessVerdict, DeviceAccess } from "../../src/ports/device-access.ts";
import { readGpuState } from "../bed/nvidia/state.ts";
import { gpuRequest } from "../bed/run-container.ts";

const dockerHost = `unix://${inject("bedSocket")}`;
const docker = connectDocker(dockerHost);
const containers = dockerAccess({ dockerHost });

/** As `systemctl daemon-reload` does to what it knows nothing of. */
function denyDevices(pid: number): void {
  const path = /^\d+:devices:(.+)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, "utf8"))?.[1];
  appendFileSync(`/sys/fs/cgroup/devices${path}/devices.deny`, "c 195:* rwm");
}

const byRules = deviceAccess({ containers });
const byShell = deviceAccess({ containers, procRoot: "/nonexistent" });

describe.each([
  ["the rules of its cgroup", byRules],
  ["a shell inside it", byShell],
] as const)("access to a GPU, found out by %s", (_way, access: DeviceAccess) => {
  let container: Container;
  const probe = async (): Promise<AccessVerdict> => {
    const { Id: id, State } = await container.inspect();
    return access.probe({ id, pid: State.Pid });
  };

  beforeAll(async () => {
    const [gpu] = readGpuState(inject("bedGpuState")).gpus;
    container = await docker.createContainer({
      Image: "bed/base:1",
      HostConfig: { DeviceRequests: [gpuRequest(gpu!.uuid)] },
    });
    await container.start();
  });
  afterAll(async () => container.remove({ force: true }));

  it("is there after the start, is seen to go, and is there after another start", async () => {
    expect(await probe()).toEqual({ type: "granted" });
    denyDevices((await container.inspect()).State.Pid);
    expect(await probe()).toMatchObject({
      type: "denied",
      node: expect.stringMatching(/^\/dev\/nvidia(?:ctl|\d)$/) as string,
    });
    await container.restart({ t: 0 });
    expect(await probe()).toEqual({ type: "granted" });
  });

  it("is not gone because a node of another GPU lies in the container", async () => {
    const node = { AttachStdout: true, Cmd: ["mknod", "/dev/nvidia17", "c", "195", "17"] };
    await (await container.exec(node)).start({ Detach: true });
    const { State } = await container.inspect();
    await waitFor("the node", () => existsSync(`/proc/${State.Pid}/root/dev/nvidia17`));
    expect(await probe()).toEqual({ type: "granted" });
  });
});

describe("what cannot be found out", () => {
  it.each([
    ["rules", byRules],
    ["a shell", byShell],
  ] as const)("is unknown, never an error: by %s", async (_way, access) => {
    expect(await access.probe({ id: "f".repeat(64), pid: 1 })).toMatchObject({ type: "unknown" });
    expect(await access.probe({ id: "f".repeat(64), pid: null })).toMatchObject({ type: "unknown" });
  });

  it("says nothing of a container without GPUs", async () => {
    const container = await docker.createContainer({ Image: "bed/base:1" });
    try {
      await container.start();
      const { Id: id, State } = await container.inspect();
      expect(await byRules.probe({ id, pid: State.Pid })).toMatchObject({ type: "unknown" });
    } finally {
      await container.remove({ force: true });
    }
  });
});
