import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

const keys = ["alice/train", "alice/web", "bob/train", "bob/done", "carol/kept"];

describe("a controller that is killed and started again", () => {
  let host: Host;
  let before = "";

  /** Everything that must be the same before and after: ids, start times, uids, phases, GPUs. */
  async function picture(): Promise<string> {
    const lines = keys.map(async (key) => {
      const object = await host.container(key);
      const [id = "none"] = await host.containersOf(key);
      const { State } = await host.engine.docker.getContainer(id).inspect();
      const gpus = object?.status.gpus.map(({ uuid }) => uuid).join();
      return `${key} ${object?.metadata.uid} ${object?.status.phase} ${gpus} ${id} ${State.Status} ${State.StartedAt}`;
    });
    return (await Promise.all(lines)).join("\n");
  }

  /** The picture must come back and no request may have changed anything, also after looking at everything again. */
  async function expectNothingDone(): Promise<void> {
    await waitFor("the same picture as before", async () => (await picture()) === before || false);
    await host.client.resync();
    expect(await picture()).toBe(before);
    expect(host.proxy.mutations()).toEqual([]);
  }

  beforeAll(async () => {
    host = await startHost({
      name: "restart",
      nvidia: "4xA100-80GB",
      files: {
        "users/alice/train.yaml": containerSpec("train", { gpus: { count: 2 } }),
        "users/alice/web.yaml": containerSpec("web", { resources: { memory: "64Mi", cpus: 1 } }),
        "users/bob/train.yaml": containerSpec("train", { gpus: { count: 1 } }),
        "users/bob/done.yaml": containerSpec("done", { command: ["true"], restartPolicy: "Never" }),
        "users/carol/kept.yaml": containerSpec("kept", { gpus: { count: 1 } }),
      },
    });
    for (const key of ["alice/train", "alice/web", "bob/train", "carol/kept"]) await host.waitForReady(key);
    await host.waitForPhase("bob/done", "Completed");
    await host.ds01("stop", "carol/kept");
    await host.waitForPhase("carol/kept", "Held");
    before = await picture();
  });

  afterAll(async () => host.stop());

  it("must change nothing in Docker when nothing has changed", async () => {
    await host.restartController();
    await expectNothingDone();
  });

  it("must change nothing after its published views were deleted or garbled", async () => {
    const state = join(host.stateDir, "gpu-state.json");
    const wrong = '{"allocations": {"train._.bob": {"gpu_uuid": "GPU-0"}}, "last_updated": "never"}';
    await host.restartController(() => writeFileSync(state, wrong));
    await expectNothingDone();
    await host.restartController(() => rmSync(state));
    await expectNothingDone();
    await waitFor("the view to be written again", () => {
      const { allocations } = JSON.parse(readFileSync(state, "utf8")) as { allocations: object };
      return Object.keys(allocations).toSorted().join() === "kept._.carol,train._.alice,train._.bob";
    });
  });

  it("must adopt its containers by their labels after its state directory was deleted", async () => {
    // What cannot be observed is lost: why bob/done ended is found out again from its exit code.
    await host.restartController(() => rmSync(host.stateDir, { recursive: true }));
    await expectNothingDone();
  });

  it("must catch up with what happened while it was away", async () => {
    await host.restartController(() => {
      host.drop("users/dave/new.yaml", containerSpec("new"));
      host.removeFile("users/bob/done.yaml");
    });
    await host.waitForReady("dave/new");
    await host.waitUntilGone("bob/done");
    // The counter that stayed empty above does count.
    const creates = host.proxy.mutations().filter((request) => request === "POST /containers/create");
    expect(creates).toHaveLength(1);
    const others = keys.filter((key) => key !== "bob/done");
    for (const key of others) expect(before).toContain((await host.containersOf(key))[0]);
  });
});
