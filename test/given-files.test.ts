import { describe, expect, onTestFinished, test } from "vitest";
import type { EventObject } from "../src/api/event.ts";
import { ControllerBed } from "./support/controller-bed.ts";
import { gpu, inventory } from "./support/devices.ts";

const marker = "s3cr3t-q7w9";
const own = "/srv/ds01/specs/users/alice/job.env";
const grant = `apiVersion: ds01.io/v1alpha1
kind: QuotaSpec
metadata: {name: everybody}
spec: {subjects: {default: true}, policy: {hostPaths: [{path: "/home/{user}/**", readOnly: true}]}}
`;

function newBed(files: Readonly<Record<string, string>> = { [own]: `TOKEN=${marker}\n` }): ControllerBed {
  const bed = new ControllerBed();
  for (const [path, text] of Object.entries(files)) bed.hostFiles.set(path, text);
  bed.source.write("quotas/everybody.yaml", grant);
  onTestFinished(async () => bed.stop());
  return bed;
}

/** Runs `alice/job` with these fields. */
async function run(bed: ControllerBed, fields: readonly string[]): Promise<void> {
  bed.declare("alice", "job", fields);
  bed.start();
  await bed.until("it to run", () => bed.phase("alice/job") === "Running");
}

function environmentOf(bed: ControllerBed): Readonly<Record<string, string>> {
  return bed.runtime.containers.find(({ name }) => name === "job._.alice")?.config.environment ?? {};
}

/** All that the controller has kept, told, published or logged. */
function everythingTold(bed: ControllerBed): string {
  const { store, events, published, log } = bed;
  return JSON.stringify([store.list("ContainerSpec"), events, [...published], log.lines]);
}

const fromFile = "envFrom: [{file: {path: job.env}}]";

describe("variables from files", () => {
  test("come into the container and nowhere else", async () => {
    const bed = newBed();
    await run(bed, [fromFile]);
    expect(environmentOf(bed)).toMatchObject({ TOKEN: marker });
    expect(bed.readAsOwner).toContain(`${own} alice`);
    expect(everythingTold(bed)).not.toContain(marker);
  });

  test("weigh less than spec.env, and of two files the later more; a prefix comes first", async () => {
    const bed = newBed({
      "/srv/ds01/specs/users/alice/a.env": "A=a\nB=a\nC=a\n",
      "/home/alice/b.env": "B=b\nC=b\n",
    });
    await run(bed, [
      "envFrom: [{file: {path: ./a.env}}, {file: {path: /home/alice/b.env}}, {file: {path: a.env}, prefix: P_}]",
      "env: [{name: C, value: c}]",
    ]);
    expect(environmentOf(bed)).toMatchObject({ A: "a", B: "b", C: "c", P_A: "a" });
  });

  test("are no drift, and another content of the file waits for the next container", async () => {
    const bed = newBed();
    await run(bed, [fromFile]);
    bed.hostFiles.set(own, "TOKEN=other\n");
    await bed.pass(60_000);
    expect(bed.runtime.count("create")).toBe(1);
    bed.runtime.kill("job._.alice");
    await bed.until("it to be started again", () => bed.runtime.count("start") === 2);
    expect(environmentOf(bed)).toMatchObject({ TOKEN: marker });
    bed.declare("alice", "job", [fromFile, "env: [{name: X, value: y}]"]);
    await bed.until("a new one", () => environmentOf(bed)["TOKEN"] === "other");
  });

  test("are waited for before a GPU is held, while others go on", async () => {
    const bed = newBed({});
    bed.provider.answer = () => inventory([gpu(0)]);
    bed.missingHostPaths.add(own);
    bed.declare("alice", "job", [fromFile, "gpus: {count: 1}"]);
    bed.start();
    await bed.until("it to wait", () => bed.record("alice/job")?.status.reason === "EnvFileNotFound");
    bed.declare("bob", "other", ["gpus: {count: 1}"]);
    await bed.until("the other one to run", () => bed.phase("bob/other") === "Running");
    expect(bed.runtime.count("create")).toBe(1);
    bed.source.remove("users/bob/other.yaml");
    await bed.until("the other one to go", () => bed.record("bob/other") === undefined, 60_000);
    bed.missingHostPaths.clear();
    bed.hostFiles.set(own, `TOKEN=${marker}\n`);
    await bed.until("it to run", () => bed.phase("alice/job") === "Running", 10_000);
    expect(environmentOf(bed)).toMatchObject({ TOKEN: marker });
  });

  test("of a file that may be missing are left out where it is", async () => {
    const bed = newBed({});
    bed.missingHostPaths.add(own);
    await run(bed, ["envFrom: [{file: {path: job.env, optional: true}}]"]);
    expect(environmentOf(bed)).not.toHaveProperty("TOKEN");
  });

  test.each([
    ["a line without =", `A=1\n${marker}\n`, "line 2 has no ="],
    ["a reserved name", `NVIDIA_VISIBLE_DEVICES=${marker}\n`, "line 1 sets a variable that ds01 sets"],
    ["too much", "A=1\n".repeat(20_000), "too large"],
  ])("of a file with %s are told by line, not content, until it is mended", async (_what, text, message) => {
    const bed = newBed({ [own]: text });
    bed.declare("alice", "job", [fromFile]);
    bed.start();
    await bed.until("it to wait", () => bed.record("alice/job")?.status.reason === "EnvFileInvalid");
    expect(bed.record("alice/job")?.status.message).toContain(message);
    expect(everythingTold(bed)).not.toContain(marker);
    expect(bed.runtime.containers).toEqual([]);
    bed.hostFiles.set(own, "A=1\n");
    await bed.until("it to run", () => bed.phase("alice/job") === "Running", 15_000);
  });

  test("of a file that is gone when the container is made are waited for", async () => {
    const bed = newBed();
    bed.beforePathLook = (path) => {
      // The last look is right before the container is made.
      if (path === own && bed.readAsOwner.length === 1) bed.hostFiles.delete(own);
    };
    bed.declare("alice", "job", [fromFile]);
    bed.start();
    const isTold = ({ reason, message }: EventObject): boolean =>
      reason === "CreateFailed" && message.startsWith("EnvFileNotFound: alice/job takes variables from");
    await bed.until("it to be told", () => bed.events.some(isTold));
    expect(bed.runtime.count("create")).toBe(0);
  });

  test("of a file that an earlier container has in it are looked at for a new one", async () => {
    const bed = newBed();
    await run(bed, [fromFile]);
    bed.hostFiles.set(own, "nothing\n");
    await bed.pass(10_000);
    bed.declare("alice", "other", [fromFile]);
    await bed.until("it to wait", () => bed.record("alice/other")?.status.reason === "EnvFileInvalid");
    for (let turn = 0; turn < 4; turn += 1) {
      bed.runtime.kill("job._.alice");
      await bed.until("it to be started again", () => bed.phase("alice/job") === "Running", 400_000);
      await bed.pass(4500);
    }
    expect(bed.events.filter(({ reason }) => reason === "CreateFailed")).toEqual([]);
  });

  test("leave who has no account waiting", async () => {
    const bed = newBed();
    bed.declare("carol", "job", [fromFile]);
    bed.start();
    await bed.until("it to wait", () => bed.record("carol/job")?.status.reason === "UnknownUser");
    expect(bed.readAsOwner).toEqual([]);
  });

  test.each([
    ["HostPathDenied", "/home/bob/x.env"],
    ["HostPathDenied", "/home/alice//link"],
    ["HostPathProtected", "/etc/ds01/config.yaml"],
    ["GivenFileOutside", "out.env"],
  ])("are refused with %s: %s", async (reason, path) => {
    const bed = newBed();
    bed.links.set("/home/alice/link", "/data/x");
    bed.links.set("/srv/ds01/specs/users/alice/out.env", "/home/alice/x");
    bed.declare("alice", "job", [`envFrom: [{file: {path: ${path}}}]`]);
    bed.start();
    await bed.until("it to be refused", () => bed.record("alice/job")?.status.reason === reason);
    expect(bed.runtime.containers).toEqual([]);
  });
});

describe("secrets", () => {
  const own = "/srv/ds01/specs/users/alice/job.key";
  const secrets = "secrets: [{name: key, file: job.key}]";

  function place(bed: ControllerBed, name = "key"): string {
    return `${bed.record("alice/job")?.uid}/${name}`;
  }

  test("lie where the container mounts them from, for its user, and nowhere else", async () => {
    const bed = newBed({ [own]: marker });
    await run(bed, [secrets, "user: owner"]);
    const uid = bed.record("alice/job")?.uid;
    expect(bed.secretFiles.files.get(place(bed))).toMatchObject({ mode: 0o400, uid: 1001, gid: 1001 });
    expect(bed.secretFiles.text(place(bed))).toBe(marker);
    expect(bed.runtime.containers[0]?.config.mounts).toEqual([
      { type: "bind", source: `/run/ds01/secrets/${uid}/key`, target: "/run/secrets/key", readOnly: true },
    ]);
    expect(everythingTold(bed)).not.toContain(marker);
    expect(JSON.stringify(bed.runtime.containers)).not.toContain(marker);
  });

  test("are written anew before each start, also when they were lost meanwhile", async () => {
    const bed = newBed({ [own]: "old" });
    await run(bed, [secrets]);
    bed.secretFiles.files.clear();
    bed.hostFiles.set(own, "new");
    bed.runtime.kill("job._.alice");
    await bed.until("it to be started again", () => bed.runtime.count("start") === 2);
    expect(bed.secretFiles.text(place(bed))).toBe("new");
    expect(bed.runtime.count("create")).toBe(1);
  });

  test("of a file that is gone keep a container from being started again until it is back", async () => {
    const bed = newBed({ [own]: "old" });
    await run(bed, [secrets]);
    bed.missingHostPaths.add(own);
    bed.runtime.kill("job._.alice");
    await bed.until("it to wait", () => bed.record("alice/job")?.status.reason === "SecretFileNotFound");
    expect(bed.runtime.count("start")).toBe(1);
    bed.missingHostPaths.clear();
    await bed.until("it to run", () => bed.runtime.count("start") === 2, 60_000);
  });

  test("are gone with the container, and those of an earlier controller at the next start", async () => {
    const bed = newBed({ [own]: "old" });
    await run(bed, [secrets]);
    const uid = place(bed);
    await bed.secretFiles.reserve("of-nobody", ["key"]);
    bed.source.remove("users/alice/job.yaml");
    await bed.until("it to go", () => bed.record("alice/job") === undefined, 60_000);
    expect(bed.secretFiles.files.has(uid)).toBe(false);
    await bed.stop();
    const next = new ControllerBed({}, bed.store, bed);
    next.start();
    onTestFinished(async () => next.stop());
    await next.until("it to be swept", () => next.secretFiles.files.size === 0);
  });

  test("of a spec that has none any more are gone with the container that had them", async () => {
    const bed = newBed({ [own]: "old" });
    await run(bed, [secrets]);
    const [made] = bed.runtime.containers;
    bed.declare("alice", "job", []);
    await bed.until(
      "the earlier container to go",
      () => !bed.runtime.containers.some(({ id }) => id === made?.id),
    );
    await bed.until("it to run", () => bed.phase("alice/job") === "Running");
    await bed.pass(60_000);
    expect(bed.secretFiles.files.size).toBe(0);
  });

  test("of a spec that lost them while no controller ran are gone as well", async () => {
    const bed = newBed({ [own]: "old" });
    await run(bed, [secrets]);
    await bed.stop();
    const next = new ControllerBed({}, bed.store, bed);
    next.source.write("quotas/everybody.yaml", grant);
    next.declare("alice", "job", []);
    next.start();
    onTestFinished(async () => next.stop());
    await next.until("a new one", () => next.runtime.count("create") === 2);
    await next.pass(60_000);
    expect(next.secretFiles.files.size).toBe(0);
  });

  test("are left alone by a restart of the controller", async () => {
    const bed = newBed({ [own]: "old" });
    await run(bed, [secrets]);
    await bed.stop();
    const calls = bed.runtime.mutations.length;
    const next = new ControllerBed({}, bed.store, bed);
    next.source.write("quotas/everybody.yaml", grant);
    next.declare("alice", "job", [secrets]);
    next.start();
    onTestFinished(async () => next.stop());
    await next.pass(30_000);
    expect(bed.runtime.mutations).toHaveLength(calls);
    expect(next.secretFiles.text(place(next))).toBe("old");
  });

  test("are waited for before anything is made", async () => {
    const bed = newBed({});
    bed.missingHostPaths.add(own);
    bed.declare("alice", "job", [secrets]);
    bed.start();
    await bed.until("it to wait", () => bed.record("alice/job")?.status.reason === "SecretFileNotFound");
    expect(bed.runtime.containers).toEqual([]);
    expect(bed.secretFiles.files.size).toBe(0);
  });

  test("need an engine on this machine", async () => {
    const bed = new ControllerBed({
      volumes: { prefix: "ds01-", presets: [], specsRoot: "/srv/ds01/specs" },
    });
    bed.hostFiles.set(own, marker);
    onTestFinished(async () => bed.stop());
    bed.declare("alice", "job", [secrets]);
    bed.start();
    await bed.until(
      "it to be told",
      () => bed.record("alice/job")?.status.reason === "SecretsNeedLocalEngine",
    );
    expect(bed.runtime.containers).toEqual([]);
  });

  test("of another object, or all of them, are for nobody to mount", async () => {
    const bed = newBed({ [own]: marker });
    bed.source.write("quotas/everybody.yaml", grant.replace("/home/{user}/**", "/**"));
    bed.protectedPaths.push("/run/ds01");
    bed.declare("alice", "job", [
      "volumes: [{name: v, mountPath: /v, hostPath: {path: /run/ds01/secrets}, readOnly: true}]",
    ]);
    bed.start();
    await bed.until("it to be refused", () => bed.record("alice/job")?.status.reason === "HostPathProtected");
  });
});
