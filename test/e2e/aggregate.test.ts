import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bedName } from "../bed/engine-record.ts";
import { waitFor } from "../bed/wait-for.ts";
import { startHost } from "./host.ts";
import type { ContainerObject, Host } from "./host.ts";
import { containerSpec, quotaSpec } from "./spec-text.ts";

const mebibyte = 1024 ** 2;
// Below the bed's own cgroup, which goes with the engine.
const root = `${bedName(`e2e-aggregate-${process.pid}`)}/ds01`;

describe("what the containers of one user may use together", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({ name: "aggregate", configuration: `trust: path\ncgroupRoot: ${root}\n` });
  });

  afterAll(async () => host.stop());

  const grant = async (user: string, aggregate: object): Promise<void> =>
    host.grant(user, quotaSpec(user, { subjects: { users: [user] }, aggregate }));

  const declare = (key: string, spec: object): void => {
    const [user = "", name = ""] = key.split("/");
    host.drop(`users/${user}/${name}.yaml`, containerSpec(name, spec));
  };

  const parentOf = (user: string): string => `/${root}/${user}/${user}`;

  /** A file of the user's cgroup, in this version or that. */
  function read(user: string, controller: string, file: string, unifiedFile = file): string {
    const places = [
      join("/sys/fs/cgroup", controller, parentOf(user), file),
      join("/sys/fs/cgroup", parentOf(user), unifiedFile),
    ];
    for (const place of places) {
      try {
        return readFileSync(place, "utf8");
      } catch (error) {
        if (!String(error).includes("ENOENT")) throw error;
      }
    }
    throw new Error(`none of ${places.join(", ")} is there`);
  }

  const number = (text: string, word: string): number =>
    Number(new RegExp(`^${word} (\\d+)$`, "m").exec(text)?.[1] ?? Number.NaN);

  it("must not be more memory than the quota allows, although each container could have it alone", async () => {
    await grant("memory", { memory: "64Mi" });
    // The first process holds what it has read, so that the kernel's choice ends its container.
    const holding = (bytes: number): object => ({
      command: ["sh", "-c"],
      args: [`mkfifo /tmp/f; (head -c ${bytes} /dev/zero; sleep 1000) > /tmp/f & exec tail /tmp/f`],
      restartPolicy: "Never",
    });
    const held = 25_000_000;
    declare("memory/first", holding(held));
    await host.waitForReady("memory/first");
    const { HostConfig } = await host.dockerInspect("memory/first");
    expect(HostConfig.CgroupParent).toBe(parentOf("memory"));
    const { stdout } = await host.ds01("limits", "memory", "-o", "docker-args");
    expect(stdout).toContain(`--cgroup-parent=${parentOf("memory")}`);
    const used = (): number => Number(read("memory", "memory", "memory.usage_in_bytes", "memory.current"));
    await waitFor("the first to fill its memory", () => used() > held);
    declare("memory/second", holding(60_000_000));
    const endedOne = async (): Promise<ContainerObject | undefined> => {
      const both = await Promise.all(
        ["memory/first", "memory/second"].map(async (key) => host.container(key)),
      );
      return both.find((object) => object?.status.phase === "Failed");
    };
    const ended = await waitFor("the kernel to end one of them", endedOne);
    expect(ended.status.container?.exitCode).toBe(137);
    expect(used()).toBeLessThanOrEqual(64 * mebibyte);
    await host.remove("memory/first", "memory/second");
  });

  it("must not be more CPU time than the quota allows, whatever runs", async () => {
    await grant("cpu", { cpus: 0.4 });
    for (const name of ["first", "second"]) {
      declare(`cpu/${name}`, { command: ["sh", "-c"], args: ["while :; do :; done"] });
      await host.waitForReady(`cpu/${name}`);
    }
    const usedSeconds = (): number => {
      const usage = read("cpu", "cpuacct", "cpuacct.usage", "cpu.stat");
      return /^\d+$/.test(usage.trim()) ? Number(usage) / 1e9 : number(usage, "usage_usec") / 1e6;
    };
    const shareOfWindow = async (): Promise<number> => {
      const [began, before] = [performance.now(), usedSeconds()];
      // A window, not a pause: the longer it is the less the edges of the kernel's periods matter.
      return waitFor("a window of four seconds", () => {
        const seconds = (performance.now() - began) / 1000;
        return seconds >= 4 && (usedSeconds() - before) / seconds;
      });
    };
    // A busy machine may not have that much for them at first, and then nothing is held back.
    const shares: number[] = [];
    await waitFor("a window in which they want more", async () => {
      const share = await shareOfWindow();
      shares.push(share);
      return share > 0.4 * 0.5 && number(read("cpu", "cpu", "cpu.stat"), "nr_throttled") > 0;
    });
    expect(Math.max(...shares)).toBeLessThan(0.4 * 1.2);
    await host.remove("cpu/first", "cpu/second");
  });

  it("must be refused, with the numbers, what one container alone would have too much of", async () => {
    await grant("asks", { memory: "64Mi", pids: 40 });
    declare("asks/big", { resources: { memory: "65Mi" } });
    const { status } = await host.waitForPending("asks/big", "ExceedsMaxQuota");
    expect(status.message).toMatch(
      /asks for 65Mi of memory; quota "asks" allows 64Mi in all \(quotas\/asks\.yaml:\d+\)/,
    );
    await host.remove("asks/big");
  });

  it("must follow the quota and undo what was edited by hand, without touching a container", async () => {
    await grant("edited", { memory: "64Mi", pids: 40 });
    declare("edited/job", {});
    const before = await host.waitForReady("edited/job");
    expect(read("edited", "pids", "pids.max").trim()).toBe("40");
    await grant("edited", { memory: "96Mi", pids: 40 });
    const limit = (): number => Number(read("edited", "memory", "memory.limit_in_bytes", "memory.max"));
    await waitFor("the new limit", () => limit() === 96 * mebibyte);
    await grant("edited", {});
    await waitFor("no limit", () => read("edited", "pids", "pids.max").trim() === "max");
    const after = await host.waitForReady("edited/job");
    expect(after.status.container?.id).toBe(before.status.container?.id);
    await host.remove("edited/job");
  });

  it("must stay where it is and be known after a crash of the controller", async () => {
    await grant("crash", { pids: 40 });
    declare("crash/job", {});
    const before = await host.waitForReady("crash/job");
    await host.restartController();
    await grant("crash", { pids: 50 });
    await waitFor("the new limit", () => read("crash", "pids", "pids.max").trim() === "50");
    const after = await host.waitForReady("crash/job");
    expect(after.status.container?.id).toBe(before.status.container?.id);
    expect(host.proxy.mutations()).toEqual([]);
    await host.remove("crash/job");
  });
});
