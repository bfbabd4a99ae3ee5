import { describe, expect, onTestFinished, test } from "vitest";
import type { ManagerSettings } from "../src/controller/manager-ports.ts";
import { presetsOf } from "../src/core/presets/preset.ts";
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

describe("presets of the configuration", () => {
  const onHost = { prefix: "lab-", presets: presetsOf({}, "host") };
  const named = { prefix: "lab-", presets: presetsOf({}, "named") };

  async function running(settings: Partial<ManagerSettings>, before?: ControllerBed): Promise<ControllerBed> {
    const bed = new ControllerBed(settings, before?.store, before);
    bed.declare("alice", "job", ["presets: [results]"]);
    bed.start();
    onTestFinished(async () => bed.stop());
    await bed.until("it to run", () => bed.phase("alice/job") === "Running");
    return bed;
  }

  const sources = (bed: ControllerBed) =>
    bed.runtime.container("job._.alice").config.mounts.map((mount) => "source" in mount && mount.source);

  test("are mounted without a quota where an admin wants directories of the host", async () => {
    const bed = await running({ volumes: onHost });
    expect(sources(bed)).toEqual(["/home/alice/results"]);
    bed.runtime.kill("job._.alice");
    await bed.until("it to be started again", () => bed.runtime.count("start") === 2);
  });

  test("are not mounted where the user has put a link", async () => {
    const bed = new ControllerBed({ volumes: onHost });
    bed.links.set("/home/alice/results", "/srv/other");
    bed.declare("alice", "job", ["presets: [results]"]);
    bed.start();
    onTestFinished(async () => bed.stop());
    await bed.until("it to be refused", () => bed.record("alice/job")?.status.reason === "HostPathDenied");
  });

  test("end nothing when they change, and count from its next start on", async () => {
    const first = await running({ volumes: onHost });
    await first.stop();
    const second = await running({ volumes: named }, first);
    await second.pass(120_000);
    expect(sources(second)).toEqual(["/home/alice/results"]);
    expect(second.runtime.count("create")).toBe(1);
    second.runtime.kill("job._.alice");
    await second.until("it to be made anew", () => second.runtime.count("create") === 2);
    await second.until(
      "it to stand alone",
      () => second.phase("alice/job") === "Running" && second.runtime.containers.length === 1,
      60_000,
    );
    expect(sources(second)).toEqual(["lab-results._.alice"]);
  });

  test("that are not known are told at once", async () => {
    const bed = new ControllerBed();
    bed.declare("alice", "job", ["presets: [result]"]);
    bed.start();
    onTestFinished(async () => bed.stop());
    await bed.until("it to be refused", () => bed.record("alice/job")?.status.reason === "UnknownPreset");
    expect(bed.record("alice/job")?.status.message).toContain('did you mean "results"?');
  });
});
