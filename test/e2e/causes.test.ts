import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EventObject } from "../../src/api/event.ts";
import { waitFor } from "../bed/wait-for.ts";
import { EngineCalls } from "./engine-calls.ts";
import { dockerName, startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

/** What the event of each call to the engine is called. */
const eventsOfCall: Readonly<Record<string, readonly string[]>> = {
  create: ["Creating", "Recreating"],
  start: ["Started", "Restarted"],
  stop: ["Stopping"],
  remove: ["Removing"],
  rename: ["Renamed"],
  update: ["Updated"],
  unpause: ["Unpaused"],
};

describe("everything that ds01 does to a container", () => {
  let host: Host;
  let calls: EngineCalls;

  beforeAll(async () => {
    host = await startHost({ name: "causes", nvidia: "2xA100-80GB" });
    calls = new EngineCalls(host);
  });

  afterAll(async () => host.stop());

  const drop = (key: string, spec: object = {}): void => {
    host.drop(`users/${key}.yaml`, containerSpec(key.split("/")[1] ?? "", spec));
  };

  const container = (key: string): ReturnType<Host["engine"]["docker"]["getContainer"]> =>
    host.engine.docker.getContainer(dockerName(key));

  const said = async (key: string, reason: string, cause: string): Promise<void> => {
    await waitFor(`${key} to be told: ${reason}: ${cause}`, async () =>
      (await host.events(key)).some((event) => event.reason === reason && event.message.includes(cause)),
    );
  };

  /** `alice/killed start` -> how often events about the object told of it. */
  const told = (events: readonly EventObject[]): Map<string, number> => {
    const counts = new Map<string, number>();
    for (const { involvedObject, reason, message, count } of events) {
      const call = Object.entries(eventsOfCall).find(([, reasons]) => reasons.includes(reason))?.[0];
      if (call === undefined) continue;
      expect(message, reason).not.toBe("");
      const word = `${involvedObject.namespace}/${involvedObject.name} ${call}`;
      counts.set(word, (counts.get(word) ?? 0) + count);
    }
    return counts;
  };

  it("must stand in an event that names the cause: no call reaches the engine without one", async () => {
    const all = ["killed", "removed", "paused", "renamed", "limits", "gpu", "edited", "risky"];
    for (const name of all) drop(`alice/${name}`, name === "gpu" ? { gpus: { count: 1 } } : {});
    drop("alice/deleted");
    drop("alice/stopped", { lifecycle: { removeAfterStop: "1s" } });
    drop("alice/limited", { lifecycle: { maxRuntime: "2s" } });
    drop("bob/orphan");
    for (const name of [...all, "deleted", "stopped"]) await host.waitForReady(`alice/${name}`);
    await host.waitForReady("bob/orphan");

    await container("alice/killed").kill();
    await container("alice/removed").remove({ force: true });
    await container("alice/paused").pause();
    await container("alice/renamed").rename({ name: "something-else" });
    const limits = { Memory: 128 * 1024 ** 2, MemorySwap: 128 * 1024 ** 2 };
    for (const key of ["alice/limits", "alice/gpu"]) {
      drop(key, { resources: { memory: "64Mi" }, ...(key === "alice/gpu" ? { gpus: { count: 1 } } : {}) });
    }
    drop("alice/edited", { image: "bed/gpu:1" });
    drop("alice/risky", { image: "bed/crash:1" });
    host.removeFile("users/alice/deleted.yaml");
    expect((await host.ds01("stop", "alice/stopped")).code).toBe(0);

    await said("alice/killed", "Restarted", "killed from outside");
    await said("alice/removed", "Creating", "its container is gone; spec says Running");
    await said("alice/paused", "Unpaused", "paused from outside");
    await said("alice/renamed", "Renamed", "was renamed to something-else from outside");
    await said("alice/limits", "Updated", "memory is unlimited, wanted 64Mi");
    await said("alice/gpu", "Recreating", "memory is unlimited, wanted 64Mi");
    await said("alice/gpu", "Stopping", "limits changed: memory is unlimited, wanted 64Mi");
    await said("alice/edited", "Renamed", "renamed to edited._.alice");
    await said("alice/edited", "Stopping", "configuration changed (image)");
    await said("alice/limited", "Stopping", "maxRuntime is used up");
    await said("alice/stopped", "Stopping", "spec.desiredState is Stopped");
    await said("alice/stopped", "Removing", "removeAfterStop is over");
    await host.waitForPhase("alice/risky", "Degraded");
    await said("alice/risky", "Removing", "the new container");
    await host.waitUntilGone("alice/deleted");
    await said("alice/deleted", "Removing", "its file is gone");
    for (const name of ["killed", "removed", "paused", "renamed", "limits", "gpu", "edited"])
      await host.waitForReady(`alice/${name}`);
    await container("alice/gpu").update(limits);
    await said("alice/gpu", "Stopping", "limits changed by hand: memory is 128Mi, wanted 64Mi");
    await calls.until("alice/gpu", "remove", 2);
    await host.waitForReady("alice/gpu");

    // A container whose file and record are gone, as after a lost state directory.
    await host.controller.end("SIGKILL");
    rmSync(host.stateDir, { recursive: true });
    host.removeFile("users/bob/orphan.yaml");
    await host.startController();
    await host.waitUntilGone("bob/orphan");
    await said("bob/orphan", "Orphaned", "no spec declares this container");

    // The count does count.
    for (const call of Object.keys(eventsOfCall))
      expect([...(await calls.perObject()).keys()].map((word) => word.split(" ")[1])).toContain(call);
    // It is told of before it is done: what is under way now is the same in a moment.
    await expect
      .poll(async () => {
        const done = await calls.perObject();
        const keys = new Set([...done.keys()].map((word) => word.split(" ")[0] ?? ""));
        const events = (await Promise.all([...keys].map(async (key) => host.events(key)))).flat();
        const [said, made] = [told(events), done].map((counts) => Object.fromEntries(counts));
        return Object.keys({ ...said, ...made }).filter((word) => said?.[word] !== made?.[word]);
      })
      .toEqual([]);
  });
});
