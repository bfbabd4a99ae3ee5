import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bedName } from "../bed/engine-record.ts";
import { waitFor } from "../bed/wait-for.ts";
import { conditionOf, dockerName, requestedDevices, startHost } from "./host.ts";
import type { ContainerObject, Host } from "./host.ts";
import { containerSpec, quotaSpec } from "./spec-text.ts";

const mebibyte = 1024 ** 2;
// Below the bed's own cgroup, which goes with the engine.
const root = `${bedName(`e2e-pending-${process.pid}`)}/ds01`;

describe("limits that the engine cannot change while a container runs", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({
      name: "pending",
      nvidia: "2xA100-80GB",
      configuration: `trust: path\ncgroupRoot: ${root}\n`,
    });
  });

  afterAll(async () => host.stop());

  const grant = async (user: string, spec: object): Promise<void> =>
    host.grant(user, quotaSpec(user, { subjects: { users: [user] }, ...spec }));

  const declare = (key: string, spec: object): void => {
    const [user = "", name = ""] = key.split("/");
    host.drop(`users/${user}/${name}.yaml`, containerSpec(name, spec));
  };

  const docker = (key: string): ReturnType<Host["engine"]["docker"]["getContainer"]> =>
    host.engine.docker.getContainer(dockerName(key));

  const pending = async (key: string, name: string): Promise<ContainerObject> =>
    host.waitForObject(key, `told that ${name} is pending`, ({ status }) =>
      (status.pendingLimits ?? []).some((limit) => limit.name === name),
    );

  const settled = async (key: string): Promise<ContainerObject> =>
    host.waitForObject(
      key,
      "running with all its limits",
      (object) =>
        object.status.pendingLimits === undefined &&
        object.status.restarts > 0 &&
        conditionOf(object, "Ready")?.status === "True",
    );

  it("must be shown with what is and what is wanted, and be there after the next start, with the GPU", async () => {
    const key = "alice/train";
    await grant("alice", { perContainer: { default: { memory: "64Mi" } } });
    declare(key, { gpus: { count: 1 } });
    const before = await host.waitForReady(key);
    await grant("alice", { perContainer: { default: { memory: "48Mi" } } });
    const told = await pending(key, "memory");
    expect(told.status.pendingLimits).toEqual([{ name: "memory", value: "64Mi", wanted: "48Mi" }]);
    expect(conditionOf(told, "LimitsInEffect")).toMatchObject({
      status: "False",
      reason: "AppliesAtNextStart",
      message: "memory is 64Mi, wanted 48Mi; applies at the next start",
    });
    expect(conditionOf(told, "Ready")?.status).toBe("True");
    const { stdout } = await host.ds01("describe", "container", "train");
    expect(stdout).toMatch(/^Pending: +memory is 64Mi, 48Mi from its next start on$/m);
    const wide = await host.ds01("get", "containers", "-o", "wide");
    expect(wide.stdout).toContain("memory 64Mi -> 48Mi");
    expect((await host.dockerInspect(key)).HostConfig.Memory).toBe(64 * mebibyte);

    await docker(key).kill();
    const after = await settled(key);
    const inspected = await host.dockerInspect(key);
    expect(inspected.HostConfig.Memory).toBe(48 * mebibyte);
    expect(requestedDevices(inspected)).toEqual(before.status.gpus.map(({ uuid }) => uuid));
    expect(after.status.container?.id).toBe(before.status.container?.id);
    await host.remove(key);
  });

  it("must not take memory from what uses it: nothing is killed, and the limit is there after the next start", async () => {
    const key = "bob/full";
    const fill = "mkfifo /tmp/f; (head -c 60000000 /dev/zero; sleep 1000) > /tmp/f & exec tail /tmp/f";
    const spec = { command: ["sh", "-c"], args: [fill] };
    declare(key, { ...spec, resources: { memory: "256Mi" } });
    const before = await host.waitForReady(key);
    await waitFor("it to fill its memory", async () => {
      const { memory_stats: memory } = await docker(key).stats({ stream: false });
      return memory.usage > 57 * mebibyte;
    });
    declare(key, { ...spec, resources: { memory: "32Mi", cpus: 1 } });
    const told = await pending(key, "memory");
    expect(told.status).toMatchObject({ phase: "Running", container: { id: before.status.container?.id } });
    expect(conditionOf(told, "LimitsInEffect")?.message).toMatch(
      /as soon as less is in use \(.* of memory are in use/,
    );
    const held = await waitFor("its CPUs to be limited meanwhile", async () => {
      const found = await host.dockerInspect(key);
      return found.HostConfig.NanoCpus === 1e9 && found;
    });
    expect(held.State).toMatchObject({ Running: true, OOMKilled: false });
    expect(held.HostConfig.Memory).toBe(256 * mebibyte);
    declare(key, { resources: { memory: "32Mi", cpus: 1 } });
    const isThere = async (): Promise<boolean> => {
      const { HostConfig, State } = await host.dockerInspect(key);
      return HostConfig.Memory === 32 * mebibyte && State.Running;
    };
    // Its process does not listen to SIGTERM.
    await waitFor("a container with the new limit", isThere);
    await host.waitForReady(key);
    await host.remove(key);
  });

  it("must be taken down, without a restart, as soon as less memory is in use", async () => {
    const key = "carol/shrinks";
    const fill =
      "mkfifo /tmp/f; head -c 60000000 /dev/zero > /tmp/f & (exec tail -c 60000000 /tmp/f > /dev/null; true) & wait; exec serve";
    const keep = fill.replace(
      "head -c 60000000 /dev/zero",
      "(head -c 60000000 /dev/zero; while [ ! -e /tmp/go ]; do sleep 0.1; done)",
    );
    const spec = { command: ["sh", "-c"], args: [keep] };
    declare(key, { ...spec, resources: { memory: "256Mi" } });
    const before = await host.waitForReady(key);
    await waitFor("it to fill its memory", async () => {
      const { memory_stats: memory } = await docker(key).stats({ stream: false });
      return memory.usage > 57 * mebibyte;
    });
    declare(key, { ...spec, resources: { memory: "32Mi" } });
    await pending(key, "memory");
    await host.dockerExec(key, "touch", "/tmp/go");
    await waitFor(
      "the lower limit",
      async () => (await host.dockerInspect(key)).HostConfig.Memory === 32 * mebibyte,
    );
    const { status } = await host.waitForReady(key);
    expect(status).toMatchObject({ container: { id: before.status.container?.id }, restarts: 0 });
    await host.remove(key);
  });

  it("must move a container into the cgroup of its user at its next start, and not before", async () => {
    const key = "dave/job";
    declare(key, {});
    const before = await host.waitForReady(key);
    await grant("dave", { aggregate: { pids: 100 } });
    const told = await pending(key, "cgroup");
    expect(told.status.container?.id).toBe(before.status.container?.id);
    await docker(key).kill();
    const after = await settled(key);
    expect(after.status.container?.id).not.toBe(before.status.container?.id);
    expect((await host.dockerInspect(key)).HostConfig.CgroupParent).toBe(`/${root}/dave/dave`);
    expect(await host.containersOf(key)).toHaveLength(1);
    await host.remove(key);
  });
});
