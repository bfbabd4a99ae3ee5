import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { dockerName, startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

interface GpuStateFile {
  readonly allocations: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly last_updated: string;
}

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

describe("the published views", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({
      name: "views",
      nvidia: "A100-80GB A100-80GB:3g.40gb",
      files: {
        "users/alice/train.yaml": containerSpec("train", {
          gpus: { count: 1 },
          priority: 60,
          resources: { cpus: 2, memory: "64Mi", shmSize: "16Mi", pidsLimit: 100 },
          env: [{ name: "TOKEN", value: "hunter2" }],
          lifecycle: { holdGpuAfterStop: "3s", removeAfterStop: "4s" },
        }),
        "users/bob/slice.yaml": containerSpec("slice", { gpus: { count: 1, profile: "3g.40gb" } }),
        "users/bob/plain.yaml": containerSpec("plain"),
      },
    });
    for (const key of ["alice/train", "bob/slice", "bob/plain"]) await host.waitForReady(key);
    await waitFor("the views to be written", () => Object.keys(gpuState().allocations).length === 2);
    for (const key of ["alice/train", "bob/slice", "bob/plain"])
      await waitFor(`the view of ${key}`, () => existsSync(metadataPath(key)));
  });

  afterAll(async () => host.stop());

  const gpuState = (): GpuStateFile =>
    JSON.parse(readFileSync(join(host.stateDir, "gpu-state.json"), "utf8")) as GpuStateFile;

  const metadataPath = (key: string): string =>
    join(host.stateDir, "container-metadata", `${dockerName(key)}.json`);

  /** The operations log: one line an operation, seven fields. */
  const operations = (): readonly string[][] =>
    readFileSync(join(host.logDir, "container-operations.log"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => line.split("|"));

  const operationsOf = (key: string): readonly string[] =>
    operations()
      .filter(([, , , container]) => container === dockerName(key))
      .map(([, operation, , , , status]) => `${operation} ${status}`);

  it("must say in gpu-state.json who holds which GPU since when", async () => {
    const { allocations, last_updated } = gpuState();
    expect(last_updated).toMatch(isoTime);
    expect(Object.keys(allocations).toSorted()).toEqual(["slice._.bob", "train._.alice"]);
    const [gpu] = (await host.container("alice/train"))!.status.gpus;
    expect(allocations["train._.alice"]).toEqual({
      user: "alice",
      gpu_id: gpu!.slot,
      gpu_uuid: gpu!.uuid,
      allocated_at: expect.stringMatching(isoTime),
      priority: 60,
      stopped_at: null,
    });
    expect(allocations["slice._.bob"]).toMatchObject({
      gpu_id: "1:0",
      gpu_uuid: expect.stringMatching(/^MIG-/),
    });
  });

  it("must describe each container in a file of its own", () => {
    expect(JSON.parse(readFileSync(metadataPath("alice/train"), "utf8"))).toEqual({
      container_name: "train._.alice",
      user: "alice",
      image: "bed/base:1",
      gpu_id: "0",
      created_at: expect.stringMatching(isoTime),
      resource_limits: { cpus: 2, memory: 64 * 1024 ** 2, shm_size: 16 * 1024 ** 2, pids_limit: 100 },
    });
    expect(JSON.parse(readFileSync(metadataPath("bob/plain"), "utf8"))).toMatchObject({ gpu_id: null });
  });

  it("must log each operation in one line, and each event as JSON, and never the value of a variable", async () => {
    for (const fields of operations()) {
      expect(fields).toHaveLength(7);
      expect(fields[0]).toMatch(isoTime);
    }
    await waitFor("the start in the log", () => operationsOf("alice/train").includes("start success"));
    expect(operationsOf("alice/train")).toEqual([
      "create_start started",
      "create_success success",
      "start success",
    ]);
    const line = operations().find(
      ([, operation, user]) => operation === "create_success" && user === "alice",
    );
    expect(line?.slice(1, 6)).toEqual(["create_success", "alice", "train._.alice", "0", "success"]);
    const text = readFileSync(join(host.logDir, "events.jsonl"), "utf8");
    const events = text
      .trimEnd()
      .split("\n")
      .map((entry) => JSON.parse(entry) as Record<string, unknown>);
    expect(events.length).toBeGreaterThan(5);
    expect(events).toContainEqual(
      expect.objectContaining({
        type: "Normal",
        reason: "Creating",
        message: expect.stringContaining("with GPU 0"),
        count: 1,
        firstTimestamp: expect.stringMatching(isoTime),
        lastTimestamp: expect.stringMatching(isoTime),
        involvedObject: expect.objectContaining({ kind: "ContainerSpec", namespace: "alice", name: "train" }),
      }),
    );
    const log = readFileSync(join(host.logDir, "container-operations.log"), "utf8");
    for (const written of [text, log, host.controller.stderr]) expect(written).not.toContain("hunter2");
  });

  it("must follow a repair, a stop, a hold, a release and a removal", async () => {
    await host.engine.docker.getContainer(dockerName("alice/train")).kill();
    await waitFor("the repair to be logged", () => operationsOf("alice/train").includes("repair started"));
    await host.waitForReady("alice/train");
    await host.ds01("stop", "train");
    await host.waitForPhase("alice/train", "Held");
    await waitFor("the stop in the view", () => {
      const stoppedAt = gpuState().allocations["train._.alice"]?.["stopped_at"];
      return typeof stoppedAt === "string" && isoTime.test(stoppedAt);
    });
    await waitFor("the release in the view", () => !("train._.alice" in gpuState().allocations));
    await host.waitForPhase("alice/train", "Stopped");
    await waitFor("the metadata to go", () => !existsSync(metadataPath("alice/train")));
    await waitFor("the removal in the log", () => operationsOf("alice/train").includes("remove success"));
    expect(operationsOf("alice/train").slice(3)).toEqual([
      "repair started",
      "start success",
      "stop started",
      "stop success",
      "hold success",
      "release success",
      "remove success",
    ]);
  });

  it("must be written again when somebody changes them, and never believed", async () => {
    const wrong = '{"allocations": {}, "last_updated": "never"}';
    writeFileSync(join(host.stateDir, "gpu-state.json"), wrong);
    // Any change on the host publishes the views again.
    host.drop("users/carol/next.yaml", containerSpec("next", { gpus: { count: 1 } }));
    const { status } = await host.waitForReady("carol/next");
    expect(status.gpus).toMatchObject([{ slot: "0" }]);
    await waitFor(
      "the truth",
      () => Object.keys(gpuState().allocations).toSorted().join() === "next._.carol,slice._.bob",
    );
  });
});
