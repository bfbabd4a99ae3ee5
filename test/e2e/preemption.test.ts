import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { startHost, type Host } from "./host.ts";
import { containerSpec, quotaSpec } from "./spec-text.ts";

/** Three people with 1, 2 and 4 GPU-equivalents share four GPUs. */
describe("people who lend one another what they do not use", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({
      name: "preemption",
      nvidia: "4xA100-80GB",
      configuration: "trust: path\npreemption: {notice: 3s, minRuntime: 1s}\n",
    });
    await grant("alice", { nominal: 1, borrowingLimit: 2 });
    await grant("bob", { nominal: 2 });
    await grant("carol", { nominal: 4 });
  });

  afterAll(async () => host.stop());

  const grant = async (user: string, gpus: object): Promise<void> =>
    host.grant(user, quotaSpec(user, { subjects: { users: [user] }, cohort: "lab", gpus }));

  const declare = (key: string, spec: object = {}): void => {
    const [, name = ""] = key.split("/");
    const lifecycle = { holdGpuAfterStop: "0s" };
    host.drop(
      `users/${key}.yaml`,
      containerSpec(name, { gpus: { count: 1 }, stopGracePeriod: "2s", lifecycle, ...spec }),
    );
  };

  it("must let one borrow up to the limit, and say that it is borrowed", async () => {
    for (const name of ["a", "b", "c"]) {
      declare(`alice/${name}`);
      await host.waitForReady(`alice/${name}`);
    }
    declare("alice/d");
    await host.waitForObject("alice/d", "over quota", ({ status }) => status.reason === "WaitingForQuota");
    const borrowing = async (): Promise<readonly boolean[]> => {
      const names = ["a", "b", "c"];
      const objects = await Promise.all(names.map(async (name) => host.container(`alice/${name}`)));
      return objects.map((object) => object?.status.borrowing ?? false).filter(Boolean);
    };
    await expect.poll(borrowing).toHaveLength(2);
    await host.waitForEvent("alice/c", "Borrowing");
    await expect
      .poll(async () => (await host.ds01("get", "quotas", "-o", "wide")).stdout)
      .toContain("alice 3/1 (2 borrowed)");
  });

  it("must give back with notice what is asked for by those to whom it belongs, and stop nobody else", async () => {
    const first = (await host.waitForReady("alice/a")).status.container?.startedAt;
    declare("bob/x");
    await host.waitForReady("bob/x");
    // What has run for less than minRuntime is left alone, and another one would give way.
    const { startedAt } = (await host.waitForReady("alice/c")).status.container ?? {};
    await waitFor("alice/c to have run for a second", () => Date.now() - Date.parse(startedAt ?? "") > 2000);
    declare("bob/y");
    const waiting = await host.waitForObject(
      "bob/y",
      "nominated",
      ({ status }) => status.reason === "WaitingForPreemption",
    );
    expect(waiting.status.message).toMatch(/alice\/[bc] \(beyond its owner's quota\) gives way at/);
    await host.waitForReady("bob/y");
    const given = await host.waitForObject(
      "alice/c",
      "waiting again",
      ({ status }) => status.phase === "Pending",
    );
    expect(given.status.gpus).toEqual([]);
    await host.waitForEvent("alice/c", "PreemptionNotice");
    await host.waitForEvent("alice/c", "Preempted");
    declare("carol/z");
    await host.waitForReady("carol/z");
    // What is within its quota has run all the time.
    const kept = await host.waitForReady("alice/a");
    expect(kept.status.container?.startedAt).toBe(first);
    expect(kept.status.restarts).toBe(0);
    await host.waitForPhase("alice/b", "Pending");
  });

  it("must let it run again once there is room, and nobody gives way for it", async () => {
    await host.remove("bob/y");
    await waitFor("one of those that gave way to run again", async () => {
      const given = await Promise.all(["b", "c"].map((name) => host.container(`alice/${name}`)));
      return given.some((object) => object?.status.phase === "Running");
    });
    for (const key of ["bob/x", "carol/z", "alice/a"]) {
      expect((await host.waitForReady(key)).status.restarts).toBe(0);
    }
  });

  it("must stop preemptible work for a higher priority, and nothing else", async () => {
    declare("carol/low", { preemptible: true, priority: 10 });
    await host.waitForReady("carol/low");
    declare("bob/high");
    await host.waitForReady("bob/high");
    const gone = await host.waitForEvent("carol/low", "Preempted");
    expect(gone.message).toContain("gives way to bob/high, which has a higher priority");
    const low = await host.waitForPhase("carol/low", "Pending");
    expect(low.status.gpus).toEqual([]);
    for (const key of ["bob/x", "carol/z", "alice/a"]) {
      expect((await host.waitForReady(key)).status.restarts).toBe(0);
    }
  });
});
