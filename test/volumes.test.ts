import { describe, expect, onTestFinished, test } from "vitest";
import { ControllerBed } from "./support/controller-bed.ts";

const path = "/home/alice/work";
const volumes = [`volumes: [{name: v, mountPath: /v, hostPath: {path: ${path}, type: DirectoryOrCreate}}]`];

const quota = `apiVersion: ds01.io/v1alpha1
kind: QuotaSpec
metadata: {name: everybody}
spec: {subjects: {default: true}, policy: {hostPaths: [{path: /home/**}]}}
`;

function start(namespace = "alice"): ControllerBed {
  const bed = new ControllerBed();
  bed.source.write("quotas/everybody.yaml", quota);
  bed.missingHostPaths.add(path);
  bed.declare(namespace, "job", volumes);
  bed.start();
  onTestFinished(async () => bed.stop());
  return bed;
}

describe("a directory that is to be made", () => {
  test("is made as the owner, and nothing is made where it is", async () => {
    const bed = start();
    await bed.until("it to run", () => bed.phase("alice/job") === "Running");
    expect(bed.madeAsOwner).toEqual([`Directory ${path} alice`]);
    bed.declare("alice", "other", volumes);
    await bed.until("it to run", () => bed.phase("alice/other") === "Running");
    expect(bed.madeAsOwner).toHaveLength(1);
  });

  test("is made again before its container starts again", async () => {
    const bed = start();
    await bed.until("it to run", () => bed.phase("alice/job") === "Running");
    bed.missingHostPaths.add(path);
    bed.runtime.kill("job._.alice");
    await bed.until("it to be made", () => bed.madeAsOwner.length === 2);
    await bed.until("it to run", () => bed.phase("alice/job") === "Running");
  });

  test("is waited for where the host does not know its owner", async () => {
    const bed = start("carol");
    await bed.until("it to be refused", () => bed.record("carol/job")?.status.reason === "UnknownUser");
    expect(bed.record("carol/job")?.status.message).toContain(`has ${path} made as its owner`);
    expect(bed.runtime.containers).toEqual([]);
  });

  test("is tried again when its owner may not make it", async () => {
    const bed = new ControllerBed();
    bed.source.write("quotas/everybody.yaml", quota);
    bed.missingHostPaths.add(path);
    bed.refusedHostPaths.add(path);
    bed.declare("alice", "job", volumes);
    bed.start();
    onTestFinished(async () => bed.stop());
    await bed.until("it to fail", () => bed.record("alice/job")?.status.reason === "HostPathNotMade");
    expect(bed.runtime.containers).toEqual([]);
    bed.refusedHostPaths.clear();
    await bed.until("it to run", () => bed.phase("alice/job") === "Running", 400_000);
  });
});

describe("a named volume", () => {
  const named = ["volumes: [{name: v, mountPath: /v, namedVolume: {name: models}}]"];

  function declared(): ControllerBed {
    const bed = new ControllerBed();
    bed.declare("alice", "job", named);
    onTestFinished(async () => bed.stop());
    return bed;
  }

  test("is found again by a container whose create was lost, and by one after that", async () => {
    const bed = declared();
    bed.runtime.inject({ call: "create", when: "after", times: 1 });
    bed.start();
    await bed.until("it to run", () => bed.phase("alice/job") === "Running", 60_000);
    expect([...bed.runtime.volumes.keys()]).toEqual(["ds01-models._.alice"]);
    bed.runtime.removeByHand("job._.alice");
    await bed.until("it to run again", () => bed.runtime.count("create") > 1);
    await bed.until("it to run", () => bed.phase("alice/job") === "Running");
  });

  test.each([
    ["unlabelled", {}],
    ["another user's", { "ds01.managed": "true", "ds01.user": "bob", "ds01.volume": "models" }],
  ])("is not taken when it is %s", async (_what, labels) => {
    const bed = declared();
    bed.runtime.volumes.set("ds01-models._.alice", { labels });
    bed.start();
    await bed.until("it to be refused", () => bed.record("alice/job")?.status.reason === "VolumeTaken");
    expect(bed.runtime.containers).toEqual([]);
    bed.runtime.volumes.clear();
    await bed.until("it to run", () => bed.phase("alice/job") === "Running", 400_000);
  });
});
