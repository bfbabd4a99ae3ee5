import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { containerText, startApiBed } from "../support/api-bed.ts";
import type { ApiBed } from "../support/api-bed.ts";
import { LocalProcesses } from "../support/local-processes.ts";
import { Ds01Process, runDs01 } from "../support/run-ds01.ts";
import type { Ds01Result } from "../support/run-ds01.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const quotaText =
  "apiVersion: ds01.io/v1alpha1\nkind: QuotaSpec\nmetadata: {name: students}\nspec: {subjects: {default: true}, maxContainers: 3}\n";

interface CliBed extends ApiBed {
  ds01(...line: string[]): Promise<Ds01Result>;
}

/** alice/train, alice/notebook, bob/sweep, a quota and a GPU, and alice at the command line. */
async function cliBed(): Promise<CliBed> {
  const bed = await startApiBed();
  await bed.control.drop(
    "users/alice/train.yaml",
    containerText("train").replace("  name: train", "  name: train\n  labels: {team: vision}"),
  );
  await bed.control.drop("users/alice/notebook.yaml", containerText("notebook"));
  await bed.control.drop("users/bob/sweep.yaml", containerText("sweep"));
  await bed.control.drop("quotas/students.yaml", quotaText);
  bed.control.gpus.set("0", {
    name: "0",
    uid: "gpu-0",
    resourceVersion: bed.control.store.nextResourceVersion(),
    createdAt: 0,
    spec: {
      uuid: "GPU-5c1e",
      index: 0,
      model: "NVIDIA A100-SXM4-80GB",
      memoryBytes: 80 * 1024 ** 3,
      gpuEquivalents: 1,
    },
    status: {
      state: "Allocated",
      holder: { namespace: "alice", name: "train" },
      until: null,
      memoryUsedBytes: null,
      utilizationPercent: 93,
      reason: null,
    },
  });
  bed.control.emit("alice", "train", "Created");
  return { ...bed, ds01: async (...line) => runDs01(line, { socketPath: bed.socketPath }) };
}

function file(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

describe("get", () => {
  it("prints the caller's containers as a table, and everybody's with their namespaces", async () => {
    const bed = await cliBed();
    const mine = await bed.ds01("get", "containers");
    expect(mine).toMatchObject({ code: 0, stderr: "" });
    expect(mine.stdout).toMatch(/^NAME +PHASE .*\n(?:notebook|train) +Pending/);
    expect(mine.stdout).not.toContain("sweep");
    const all = await bed.ds01("get", "ctr", "-A");
    expect(all.stdout).toMatch(/^NAMESPACE +NAME +PHASE/);
    expect(all.stdout).toMatch(/^bob +sweep +Pending/m);
    expect((await bed.ds01("get", "containers", "--no-headers", "-l", "team=vision")).stdout).toMatch(
      /^train +Pending[^\n]*\n$/,
    );
  });

  it("prints whole objects as JSON, YAML, names and JSONPath", async () => {
    const bed = await cliBed();
    const list = JSON.parse((await bed.ds01("get", "containers", "-o", "json")).stdout) as {
      items: object[];
    };
    expect(list).toMatchObject({ apiVersion: "v1", kind: "List" });
    expect(list.items).toHaveLength(2);
    expect(list.items[0]).toMatchObject({
      apiVersion: "ds01.io/v1alpha1",
      kind: "ContainerSpec",
      spec: { image: "busybox" },
      status: { phase: "Pending" },
    });
    const one = JSON.parse((await bed.ds01("get", "container/train", "-ojson")).stdout) as object;
    expect(one).toMatchObject({ kind: "ContainerSpec", metadata: { name: "train", namespace: "alice" } });
    expect((await bed.ds01("get", "container", "train", "-o", "yaml")).stdout).toMatch(
      /^apiVersion: ds01.io\/v1alpha1\nkind: ContainerSpec\n/,
    );
    expect((await bed.ds01("get", "containers", "-o", "name")).stdout.split("\n").toSorted()).toEqual([
      "",
      "container/notebook",
      "container/train",
    ]);
    expect((await bed.ds01("get", "container", "train", "-o", "jsonpath={.status.phase}")).stdout).toBe(
      "Pending",
    );
    expect(
      (await bed.ds01("get", "containers", "-o", 'jsonpath={range .items[*]}{.spec.image}{"\\n"}{end}'))
        .stdout,
    ).toBe("busybox\nbusybox\n");
  });

  it("says on standard error that there is nothing, and keeps standard output clean", async () => {
    const bed = await cliBed();
    expect(await bed.ds01("get", "containers", "-n", "carol")).toEqual({
      code: 0,
      stdout: "",
      stderr: "No resources found in carol namespace.\n",
    });
    const empty = await bed.ds01("get", "containers", "-n", "carol", "-o", "json");
    expect(JSON.parse(empty.stdout)).toEqual({ apiVersion: "v1", kind: "List", items: [] });
  });

  it("shows what is there of several names and ends with 4 for what is not", async () => {
    const bed = await cliBed();
    const found = await bed.ds01("get", "container/train", "container/nope");
    expect(found.code).toBe(4);
    expect(found.stdout).toMatch(/^NAME .*\ntrain /);
    expect(found.stderr).toContain('"nope" not found');
    expect(await bed.ds01("get", "container", "nope", "-o", "json")).toMatchObject({ code: 4, stdout: "" });
  });

  it("prints cluster-scoped kinds and events", async () => {
    const bed = await cliBed();
    expect((await bed.ds01("get", "gpus")).stdout).toMatch(
      /^SLOT +MODEL .*\n0 +NVIDIA A100-SXM4-80GB +80Gi +Allocated +alice\/train/,
    );
    expect((await bed.ds01("get", "quota", "students", "-o", "jsonpath={.spec.maxContainers}")).stdout).toBe(
      "3",
    );
    expect((await bed.ds01("get", "events")).stdout).toContain("Created");
  });

  it("streams changes with -w until its reader goes away", async () => {
    const bed = await cliBed();
    const watch = new Ds01Process(["get", "containers", "-w"], { socketPath: bed.socketPath });
    await waitFor("the first table", () => Promise.resolve(watch.stdout.includes("train")));
    bed.control.setPhase("alice", "train", "Running");
    await waitFor("the change", () => Promise.resolve(/^train +Running/m.test(watch.stdout)));
    expect(watch.stdout.match(/^NAME /gm)).toHaveLength(1);
    watch.child.stdout?.destroy();
    bed.control.setPhase("alice", "train", "Stopped");
    expect(await watch.exit()).toBe(0);
    expect(watch.stderr).toBe("");
  });
});

describe("apply, diff and delete", () => {
  it("creates, then finds nothing to change, then configures", async () => {
    const bed = await cliBed();
    const path = file(join(temporaryDirectory(), "eval.yaml"), containerText("eval"));
    expect(await bed.ds01("diff", "-f", path)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^alice\/eval /),
    });
    expect(await bed.ds01("apply", "-f", path)).toEqual({
      code: 0,
      stdout: "container/eval created\n",
      stderr: "",
    });
    expect(bed.control.files.get("users/alice/eval.yaml")).toContain("name: eval");
    expect(await bed.ds01("apply", "-f", path)).toMatchObject({
      code: 0,
      stdout: "container/eval unchanged\n",
    });
    expect(await bed.ds01("diff", "-f", path)).toMatchObject({ code: 0, stdout: "" });
    file(path, containerText("eval", "  image: alpine"));
    expect(await bed.ds01("apply", "-f", path, "--dry-run")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("container/eval configured (dry run)"),
    });
    expect(bed.control.files.get("users/alice/eval.yaml")).toContain("busybox");
    expect(await bed.ds01("apply", "-f", path)).toMatchObject({
      code: 0,
      stdout: "container/eval configured\n",
    });
  });

  it("reads standard input and several documents", async () => {
    const bed = await cliBed();
    const stdin = `${containerText("one")}---\n${containerText("two")}`;
    expect(await runDs01(["apply", "-f", "-"], { socketPath: bed.socketPath, stdin })).toEqual({
      code: 0,
      stdout: "container/one created\ncontainer/two created\n",
      stderr: "",
    });
  });

  it("refuses with the numbers, exit 3, and changes nothing at all", async () => {
    const bed = await cliBed();
    const directory = temporaryDirectory();
    file(join(directory, "a-small.yaml"), containerText("small"));
    file(join(directory, "big.yaml"), containerText("big", "  image: busybox\n  gpus: {count: 4}"));
    const before = new Map(bed.control.files);
    const refused = await bed.ds01("apply", "-f", directory);
    expect(refused).toMatchObject({ code: 3, stdout: "" });
    expect(refused.stderr).toMatch(
      /^alice\/big refused: asks for 4 GPUs; quota "students" allows 2 .*\nNothing was changed\.\n$/,
    );
    expect(bed.control.files).toEqual(before);
    expect(await bed.ds01("diff", "-f", join(directory, "big.yaml"))).toMatchObject({ code: 3, stdout: "" });
  });

  it("names file, line, column and caret of what is wrong before anything is sent", async () => {
    const bed = await cliBed();
    const path = file(
      join(temporaryDirectory(), "bad.yaml"),
      containerText("bad", "  image: busybox\n  gpu: 1"),
    );
    const refused = await bed.ds01("apply", "-f", path);
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain(
      `${path}:7:3: error: spec.gpu: unknown field, did you mean "gpus"?\n  7 |   gpu: 1\n    |   ^^^\n`,
    );
    expect(refused.stderr).toContain("Nothing was changed.");
    expect(await bed.ds01("apply", "-f", "/nowhere.yaml")).toMatchObject({ code: 4 });
  });

  it("deletes by name and by file", async () => {
    const bed = await cliBed();
    expect(await bed.ds01("delete", "container/train")).toEqual({
      code: 0,
      stdout: "container/train deleted\n",
      stderr: "",
    });
    expect(bed.control.files.has("users/alice/train.yaml")).toBe(false);
    const path = file(join(temporaryDirectory(), "n.yaml"), containerText("notebook"));
    expect(await bed.ds01("delete", "-f", path)).toMatchObject({
      code: 0,
      stdout: "container/notebook deleted\n",
    });
    expect(await bed.ds01("delete", "container", "train")).toMatchObject({ code: 4, stdout: "" });
    expect(await bed.ds01("delete", "gpu", "0")).toMatchObject({ code: 2 });
  });

  it("denies what is somebody else's with 3", async () => {
    const bed = await cliBed();
    bed.actAs("bob");
    expect(await bed.ds01("delete", "container", "train", "-n", "alice")).toMatchObject({
      code: 3,
      stdout: "",
    });
  });
});

describe("start and stop", () => {
  it("edit desiredState and leave the rest of the file as it is", async () => {
    const bed = await cliBed();
    await bed.control.drop("users/alice/train.yaml", `# mine\n${containerText("train")}`);
    expect(await bed.ds01("stop", "train")).toEqual({
      code: 0,
      stdout: "container/train stopping (desiredState: Stopped)\n",
      stderr: "",
    });
    expect(bed.control.files.get("users/alice/train.yaml")).toMatch(/^# mine\n[^]*desiredState: Stopped/);
    expect((await bed.ds01("stop", "alice/train")).stdout).toBe(
      "container/train unchanged (desiredState is Stopped already)\n",
    );
    expect((await bed.ds01("start", "container/train")).stdout).toBe(
      "container/train starting (desiredState: Running)\n",
    );
  });
});

describe("wait", () => {
  it("ends when the object is as wanted", async () => {
    const bed = await cliBed();
    const waiting = bed.ds01("wait", "container/train", "--for=phase=Running", "--timeout=20s");
    bed.control.setPhase("alice", "train", "Running");
    expect(await waiting).toEqual({ code: 0, stdout: "container/train condition met\n", stderr: "" });
    const gone = bed.ds01("wait", "container/train", "--for=delete", "--timeout=20s");
    await bed.ds01("delete", "container/train");
    expect(await gone).toMatchObject({ code: 0, stdout: "container/train deleted\n" });
  });

  it("ends with 5 and says what the object is when the time is over", async () => {
    const bed = await cliBed();
    const late = await bed.ds01("wait", "container/train", "--for=condition=Ready", "--timeout=200ms");
    expect(late).toMatchObject({ code: 5, stdout: "" });
    expect(late.stderr).toContain("waited 0.2 s for condition Ready=True; it is Pending");
    expect(await bed.ds01("wait", "container/nope", "--for=condition=Ready")).toMatchObject({ code: 4 });
    expect(await bed.ds01("wait", "container/train")).toMatchObject({ code: 2 });
  });
});

describe("describe, events, doctor, version and prune", () => {
  it("describe containers, GPUs and quotas", async () => {
    const bed = await cliBed();
    expect((await bed.ds01("describe", "container", "train")).stdout).toMatch(
      /^Name: +train\nNamespace: +alice\n[^]*Events:\n +\w+ +Normal +Created/,
    );
    expect((await bed.ds01("describe", "gpu/0")).stdout).toMatch(
      /^Slot: +0\nState: +Allocated\nHolder: +alice\/train\n/,
    );
    expect((await bed.ds01("describe", "quota", "students")).stdout).toMatch(
      /Grants:\n {2}maxContainers +3\n/,
    );
    expect(await bed.ds01("describe", "container", "nope")).toMatchObject({ code: 4, stdout: "" });
  });

  it("events print one line each, also for one object", async () => {
    const bed = await cliBed();
    bed.control.emit("alice", "notebook", "Started");
    expect((await bed.ds01("events")).stdout).toMatch(
      /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n.*Created.*\n.*Started/,
    );
    expect((await bed.ds01("events", "--for", "container/notebook", "--no-headers")).stdout).toMatch(
      /^\S+ +Normal +Started +container\/notebook +Started\n$/,
    );
    expect(await bed.ds01("events", "-n", "carol")).toEqual({
      code: 0,
      stdout: "",
      stderr: "No events found in carol namespace.\n",
    });
  });

  it("doctor names what fails with its remedy", async () => {
    const bed = await cliBed();
    expect(await bed.ds01("doctor")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("SourceSynced"),
    });
    bed.control.checks = [
      { name: "EngineReady", ok: false, message: "no answer", remedy: "systemctl start docker" },
    ];
    const ill = await bed.ds01("doctor");
    expect(ill.code).toBe(1);
    expect(ill.stdout).toMatch(/^FAIL {2}EngineReady {2}no answer\n {19}systemctl start docker$/m);
  });

  it("prune shows and confirms what is held back", async () => {
    const bed = await cliBed();
    bed.control.prunes = [
      { token: "9ab12cd", revision: null, objects: ["alice/train"], reason: "14 of 20 objects vanished" },
    ];
    expect((await bed.ds01("prune")).stdout).toBe(
      "9ab12cd   14 of 20 objects vanished\n  alice/train\n  to delete these: ds01 prune --confirm 9ab12cd\n",
    );
    expect(await bed.ds01("prune", "--confirm", "9ab12cd")).toMatchObject({ code: 0 });
    expect(await bed.ds01("prune", "--confirm", "9ab12cd")).toMatchObject({ code: 4 });
  });

  it("version prints both sides", async () => {
    const bed = await cliBed();
    expect((await bed.ds01("version")).stdout).toMatch(/^client: +0\.1\.0\ncontroller: 0\.1\.0 /);
  });
});

describe("logs and exec", () => {
  async function runningBed(): Promise<{ bed: ApiBed; container: LocalProcesses }> {
    const container = new LocalProcesses();
    const bed = await startApiBed({ containers: container });
    await bed.control.drop("users/alice/train.yaml", containerText("train"));
    bed.control.setPhase("alice", "train", "Running");
    return { bed, container };
  }

  it("logs print what the container wrote, and only the tail when asked", async () => {
    const { bed, container } = await runningBed();
    container.lines.push("one", "two", "three");
    expect(await runDs01(["logs", "train"], bed)).toEqual({
      code: 0,
      stdout: "one\ntwo\nthree\n",
      stderr: "",
    });
    expect((await runDs01(["logs", "alice/train", "--tail", "1"], bed)).stdout).toBe("three\n");
    expect(await runDs01(["logs", "train", "--tail", "x"], bed)).toMatchObject({ code: 2 });
    expect(await runDs01(["logs", "nope"], bed)).toMatchObject({ code: 4, stdout: "" });
  });

  it("exec keeps the two outputs apart and ends as its command ended", async () => {
    const { bed } = await runningBed();
    const line = ["exec", "train", "--", "sh", "-c", "echo out; echo err >&2; exit 7"];
    expect(await runDs01(line, bed)).toEqual({ code: 7, stdout: "out\n", stderr: "err\n" });
    expect(await runDs01(["exec", "nope", "--", "true"], bed)).toMatchObject({ code: 4 });
  });

  it("exec -i passes standard input on, and -t without a terminal goes on without", async () => {
    const { bed } = await runningBed();
    const answer = await runDs01(["exec", "-it", "train", "--", "tr", "a-z", "A-Z"], {
      socketPath: bed.socketPath,
      stdin: "hello\n",
    });
    expect(answer).toEqual({
      code: 0,
      stdout: "HELLO\n",
      stderr: "Standard input is no terminal; going on without -t.\n",
    });
  });

  it("exec ends by itself when its command ends, though standard input stays open", async () => {
    const { bed } = await runningBed();
    const process = new Ds01Process(["exec", "-i", "train", "--", "echo", "done"], bed);
    expect(await process.exit()).toBe(0);
    expect(process.stdout).toBe("done\n");
  });
});

describe("without a controller", () => {
  const nobody = { socketPath: "/nonexistent/ds01.sock" };

  it("says so and how to start it, with 69", async () => {
    const answer = await runDs01(["get", "containers"], nobody);
    expect(answer).toEqual({
      code: 69,
      stdout: "",
      stderr:
        "The controller is not running (no answer at /nonexistent/ds01.sock).\n" +
        "Containers go on as they are. Start it: systemctl start ds01-controller; look: journalctl -u ds01-controller -n 20\n",
    });
  });

  it("doctor looks for the cause on this machine", async () => {
    const environment = {
      DS01_CONFIG: "/nonexistent/config.yaml",
      DOCKER_HOST: "unix:///nonexistent/docker.sock",
    };
    const answer = await runDs01(["doctor"], { ...nobody, environment });
    expect(answer.code).toBe(69);
    expect(answer.stdout).toMatch(/^FAIL {2}Controller/);
    expect(answer.stdout).toMatch(/^ok {4}Configuration +no \/nonexistent\/config.yaml; defaults apply$/m);
    expect(answer.stdout).toMatch(/^FAIL {2}Engine +Docker does not answer/m);
  });

  it("doctor says what is wrong in the configuration", async () => {
    const DS01_CONFIG = file(join(temporaryDirectory(), "config.yaml"), "stateDirectory: /x\n");
    const answer = await runDs01(["doctor"], {
      ...nobody,
      environment: { DS01_CONFIG, DOCKER_HOST: "ssh://x" },
    });
    expect(answer.stdout).toMatch(/^FAIL {2}Configuration +.*config.yaml: .*stateDirectory/m);
    expect(answer.stdout).toMatch(/^ +Mend .*every setting has a default\.$/m);
  });

  it("validate works offline: carets, a last line that counts, and 2", async () => {
    const root = temporaryDirectory();
    const good = file(join(root, "users/alice/good.yaml"), containerText("good"));
    const bad = file(
      join(root, "users/alice/bad.yaml"),
      containerText("bad", "  image: busybox\n  gpu: 1\n  resources: {memory: 32 GB}"),
    );
    expect(await runDs01(["validate", good], nobody)).toEqual({
      code: 0,
      stdout: `${good}: ok\n1 ok\n`,
      stderr: "",
    });
    const wrong = await runDs01(["validate", root], nobody);
    expect(wrong.code).toBe(2);
    expect(wrong.stdout).toContain(
      `${bad}:7:3: error: spec.gpu: unknown field, did you mean "gpus"?\n  7 |   gpu: 1\n    |   ^^^\n`,
    );
    expect(wrong.stdout).toMatch(/\n1 file with 2 errors, 1 ok\n$/);
    const json = JSON.parse((await runDs01(["validate", "-o", "json", root], nobody)).stdout) as object[];
    expect(json).toMatchObject([
      { file: bad, ok: false },
      { file: good, ok: true, problems: [] },
    ]);
    expect(await runDs01(["validate", join(root, "nope")], nobody)).toMatchObject({ code: 4 });
  });

  it("validate finds an object that is declared twice in one tree, and a quota among users", async () => {
    const root = temporaryDirectory();
    file(join(root, "users/alice/a.yaml"), containerText("train"));
    const twice = file(join(root, "users/alice/b.yaml"), containerText("train"));
    const misplaced = file(join(root, "users/alice/quota.yaml"), quotaText);
    const { code, stdout } = await runDs01(["validate", root], nobody);
    expect(code).toBe(2);
    expect(stdout).toContain(`${twice}:4:9: error: metadata.name: "train" is declared in`);
    expect(stdout).toContain(`${misplaced}:2:7: error: kind:`);
  });
});

describe("the command line itself", () => {
  it.each([
    [["gte", "containers"], 'unknown verb "gte", did you mean "get"?'],
    [["get", "contianers"], 'unknown kind "contianers", did you mean "containers"?'],
    [
      ["get", "containers", "--al-namespaces"],
      "unknown flag --al-namespaces, did you mean --all-namespaces?",
    ],
    [["get", "containers", "-o", "xml"], 'unknown output format "xml"'],
    [["get", "containers", "-A", "-n", "x"], "-n and -A exclude each other"],
    [["exec", "train", "ls"], "write the command after --"],
    [["controller", "--log-format", "xml"], "--log-format is json or pretty"],
  ])("%j is a usage error: %s", async (line, message) => {
    const answer = await runDs01(line, { socketPath: "/nonexistent/ds01.sock" });
    expect(answer).toMatchObject({ code: 2, stdout: "" });
    expect(answer.stderr).toContain(message);
    expect(answer.stderr).toMatch(/See: ds01 .*--help\n$/);
  });

  it("helps on standard output, in all and for every verb", async () => {
    const nobody = { socketPath: "/nonexistent/ds01.sock" };
    const overview = await runDs01(["--help"], nobody);
    expect(overview).toMatchObject({ code: 0, stderr: "" });
    const verbs = [...overview.stdout.matchAll(/^ {2}(\w+) /gm)].map(([, verb]) => verb ?? "");
    expect(verbs.length).toBeGreaterThan(15);
    for (const verb of verbs) {
      const help = await runDs01([verb, "--help"], nobody);
      expect(help).toMatchObject({ code: 0, stderr: "" });
      expect(help.stdout).toContain(`ds01 ${verb}`);
    }
  });
});
