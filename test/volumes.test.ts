import { describe, expect, onTestFinished, test } from "vitest";
import type { ManagerSettings } from "../src/controller/manager-ports.ts";
import { defaultVolumes, presetsOf } from "../src/core/presets/preset.ts";
import { StalledError, UnreachableError } from "../src/util/errors.ts";
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
  const onHost = { ...defaultVolumes, prefix: "lab-", presets: presetsOf({}, "host") };
  const named = { ...defaultVolumes, prefix: "lab-" };

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

describe("copied files", () => {
  const copy = ["user: owner", "copy: [{from: src, to: /app}, {from: /data/x, to: /x}]"];
  const grant = quota.replace("/home/**", "/data/**");
  const inPlace = [
    "/srv/ds01/specs/users/alice/src as alice to /app for 1001:1001",
    "/data/x as alice to /x for 1001:1001",
  ];

  const copied = (bed: ControllerBed) => bed.containerFiles.unpacked.map(({ text }) => text);

  function declared(before?: ControllerBed): ControllerBed {
    const bed = new ControllerBed({}, before?.store, before);
    bed.source.write("quotas/everybody.yaml", grant);
    bed.declare("alice", "job", copy);
    onTestFinished(async () => bed.stop());
    return bed;
  }

  test("are there before the first start, and are not copied again", async () => {
    const bed = declared();
    bed.start();
    await bed.until("it to run", () => bed.phase("alice/job") === "Running");
    expect(copied(bed)).toEqual(inPlace);
    bed.runtime.kill("job._.alice");
    await bed.until("it to be started again", () => bed.runtime.count("start") === 2);
    expect(copied(bed)).toHaveLength(2);
  });

  test("are there also when the controller ended between create and copy", async () => {
    const first = declared();
    first.containerFiles.beforeUnpack = () => {
      throw new UnreachableError({ reason: "EngineUnreachable", message: "gone" });
    };
    first.start();
    await first.until("it to be created", () => first.runtime.containers.length === 1);
    await first.stop();
    expect(first.runtime.count("start")).toBe(0);
    const second = declared(first);
    second.start();
    await second.until("it to run", () => second.phase("alice/job") === "Running", 60_000);
    expect(copied(second)).toEqual(inPlace);
    expect(second.runtime.count("create")).toBe(1);
  });

  test("that cannot be put in place keep no container", async () => {
    const bed = declared();
    bed.containerFiles.beforeUnpack = () => {
      throw new StalledError({ reason: "CopyTargetDenied", message: "a link is there" });
    };
    bed.start();
    await bed.until("it to fail", () => bed.record("alice/job")?.status.reason === "CopyTargetDenied");
    await bed.until("it to be removed", () => bed.runtime.containers.length === 0);
    expect(bed.runtime.count("start")).toBe(0);
    bed.containerFiles.beforeUnpack = () => undefined;
    await bed.until("it to run", () => bed.phase("alice/job") === "Running", 400_000);
  });

  test("that are missing are waited for before anything is made", async () => {
    const bed = declared();
    bed.missingHostPaths.add("/data/x");
    bed.start();
    await bed.until("it to wait", () => bed.record("alice/job")?.status.reason === "CopyMissing");
    expect(bed.runtime.containers).toEqual([]);
    bed.missingHostPaths.clear();
    await bed.until("it to run", () => bed.phase("alice/job") === "Running", 10_000);
  });

  test("may not come through a link from elsewhere", async () => {
    const bed = declared();
    bed.links.set("/srv/ds01/specs/users/alice/src", "/srv/ds01/specs/users/bob");
    bed.start();
    await bed.until("it to be refused", () => bed.record("alice/job")?.status.reason === "CopyOutside");
    expect(bed.runtime.containers).toEqual([]);
  });

  test("may not come through a link that two slashes would hide", async () => {
    const bed = new ControllerBed();
    bed.source.write("quotas/everybody.yaml", grant);
    bed.links.set("/data/link", "/home/bob/x");
    bed.declare("alice", "job", ["copy: [{from: /data//link, to: /x}]"]);
    bed.start();
    onTestFinished(async () => bed.stop());
    await bed.until("it to be refused", () => bed.record("alice/job")?.status.reason === "HostPathDenied");
  });

  test.each([
    ["HostPathDenied", "copy: [{from: /home/bob/x, to: /x}]"],
    ["HostPathProtected", "copy: [{from: /etc/ds01/config.yaml, to: /x}]"],
    [
      "CopyTargetDenied",
      "copy: [{from: x, to: /v/x}]\n  volumes: [{name: v, mountPath: /v, hostPath: {path: /data/v}}]",
    ],
    ["CopyTargetDenied", "copy: [{from: x, to: /v/x}]\n  volumes: [{name: v, mountPath: /v, tmpfs: {}}]"],
    [
      "CopyTargetDenied",
      "copy: [{from: x, to: /v/x}]\n  volumes: [{name: v, mountPath: /v, readOnly: true, namedVolume: {name: v}}]",
    ],
  ])("are refused with %s: %s", async (reason, fields) => {
    const bed = new ControllerBed();
    bed.source.write("quotas/everybody.yaml", grant);
    bed.declare("alice", "job", [fields]);
    bed.start();
    onTestFinished(async () => bed.stop());
    await bed.until("it to be refused", () => bed.record("alice/job")?.status.reason === reason);
  });
});

test("a volume that is to be written is given to the user before the first start", async () => {
  const bed = new ControllerBed();
  bed.declare("alice", "job", ["user: owner", "volumes: [{name: v, mountPath: /v, namedVolume: {name: v}}]"]);
  bed.start();
  onTestFinished(async () => bed.stop());
  await bed.until("it to run", () => bed.phase("alice/job") === "Running");
  expect(bed.containerFiles.written).toContainEqual({
    container: bed.runtime.container("job._.alice").id,
    path: "/v",
    mode: 0o755,
    uid: 1001,
    gid: 1001,
  });
});
