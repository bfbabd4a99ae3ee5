import { describe, expect, onTestFinished, test } from "vitest";
import { gitWriter } from "../src/adapters/git/git-writer.ts";
import type { BranchChange, PushedBranch } from "../src/ports/branch-writer.ts";
import { type ApiBed, startApiBed } from "./support/api-bed.ts";
import { ControllerBed } from "./support/controller-bed.ts";
import { MemorySource } from "./support/memory-source.ts";
import { MemoryStore } from "./support/memory-store.ts";
import { type Ds01Result, runDs01 } from "./support/run-ds01.ts";

const containers = "/apis/ds01.io/v1alpha1/namespaces/alice/containers";
const train = `apiVersion: ds01.io/v1alpha1
kind: ContainerSpec
# my best model
metadata: { name: train }
spec:
  image: "bed/base:1" # pinned
  desiredState: Running
`;
const other = train.replace("name: train", "name: other");
const commit = "4f1c".repeat(10);

/** A repository whose branches stand in memory. */
class Repository extends MemorySource {
  readonly pushBranches: readonly string[] | undefined;
  readonly pushed: (Omit<BranchChange, "edit"> & { readonly after: string | null })[] = [];
  /** What a file says on every branch. */
  readonly texts = new Map<string, string>();
  said: readonly string[] = [];
  link: string | null = null;

  constructor(
    name: string,
    branches: readonly string[] | undefined,
    ref = "main",
    url = "https://git.example/lab.git",
  ) {
    super(name, { type: "git", url, ref });
    this.pushBranches = branches;
  }

  override write(path: string, text: string): void {
    this.texts.set(path, text);
    super.write(path, text);
  }

  async push({ edit, ...change }: BranchChange): Promise<PushedBranch> {
    const before = this.texts.get(change.path);
    const after = await edit(before);
    const changed = after !== (before ?? null);
    if (changed && !change.dryRun) this.pushed.push({ ...change, after });
    return { commit, changed, path: `cluster/${change.path}`, remote: this.said, link: this.link };
  }
}

interface World {
  readonly bed: ControllerBed;
  readonly api: ApiBed;
  readonly lab: Repository;
  readonly ds01: (line: string, stdin?: string) => Promise<Ds01Result>;
}

/** A controller whose specs come from Git, with what alice runs of it. */
async function world(
  more: readonly MemorySource[] = [],
  branches: string[] | undefined = ["ds01/*"],
): Promise<World> {
  const lab = new Repository("lab", branches);
  lab.write("users/alice/train.yaml", train);
  const bed = new ControllerBed({ sources: [lab, ...more] }, new MemoryStore());
  const writer = gitWriter([lab.place]);
  const api = await startApiBed({ control: bed.manager.controlPlane(), writer, clock: bed.clock });
  api.actAs("alice");
  bed.start();
  onTestFinished(() => bed.stop());
  await bed.until("it to run", () => bed.phase("alice/train") === "Running");
  const around = { socketPath: api.socketPath, namespace: "alice" };
  const ds01 = async (line: string, stdin?: string): Promise<Ds01Result> =>
    runDs01(line.split(" "), { ...around, ...(stdin === undefined ? {} : { stdin }) });
  return { bed, api, lab, ds01 };
}

describe("a change of what comes from Git", () => {
  test("goes to the branch that is named, with all that stands in the file, and nothing changes here", async () => {
    const { bed, lab, ds01 } = await world();
    lab.said = ["Create a pull request:", "https://git.example/lab/pulls/new"];
    const { code, stdout, stderr } = await ds01("stop train --branch ds01/alice-train");
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: "branch ds01/alice-train pushed (4f1c4f1): cluster/users/alice/train.yaml\n",
    });
    expect(stderr).toBe(
      "remote: Create a pull request:\nremote: https://git.example/lab/pulls/new\nIt is in effect once it is merged.\n",
    );
    expect(lab.pushed).toEqual([
      {
        branch: "ds01/alice-train",
        path: "users/alice/train.yaml",
        by: "alice",
        message: "Declare container alice/train Stopped\n\nMade at the machine by alice with ds01.",
        dryRun: false,
        after: train.replace("Running", "Stopped"),
      },
    ]);
    await bed.pass(10_000);
    expect(bed.phase("alice/train")).toBe("Running");
    expect(bed.runtime.count("stop")).toBe(0);

    const events = bed.events.filter(({ reason }) => reason === "BranchPushed");
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      type: "Normal",
      message: `alice has pushed 4f1c4f1c4f1c to the branch ds01/alice-train of lab: cluster/users/alice/train.yaml`,
      involvedObject: { kind: "ContainerSpec", namespace: "alice", name: "train" },
    });
    expect(bed.logged("BranchPushed")).toMatchObject([
      { source: "lab", branch: "ds01/alice-train", commit, by: "alice" },
    ]);
    expect((await ds01("describe container train")).stdout).toContain("BranchPushed");
  });

  test("is one of each of the four verbs, also of something new", async () => {
    const { lab, ds01 } = await world();
    lab.link = "https://git.example/compare";
    const applied = await ds01("apply -f - --branch ds01/x", other);
    expect(applied).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("cluster/users/alice/other.yaml") as string,
    });
    expect(applied.stderr).toContain("https://git.example/compare");
    expect(await ds01("delete container train --branch ds01/x")).toMatchObject({ code: 0 });
    lab.texts.set("users/alice/train.yaml", train.replace("Running", "Stopped"));
    expect(await ds01("start train --branch ds01/x")).toMatchObject({ code: 0 });
    expect(lab.pushed.map(({ path, after, message }) => [path, after, message.split("\n")[0]])).toEqual([
      ["users/alice/other.yaml", other, "Declare container alice/other"],
      ["users/alice/train.yaml", null, "Delete container alice/train"],
      ["users/alice/train.yaml", train, "Declare container alice/train Running"],
    ]);
  });

  test("that is there already, or only asked for, pushes nothing", async () => {
    const { bed, lab, ds01 } = await world();
    expect(await ds01("start train --branch ds01/x")).toMatchObject({
      code: 0,
      stdout: "branch ds01/x unchanged: cluster/users/alice/train.yaml says so already\n",
      stderr: "",
    });
    const asked = await ds01("apply -f - --branch ds01/x --dry-run", other);
    expect(asked).toMatchObject({ code: 0 });
    expect(asked.stdout).toMatch(
      /^branch ds01\/x: cluster\/users\/alice\/other.yaml would change \(dry run\)\n/,
    );
    expect(lab.pushed).toEqual([]);
    expect(bed.events.some(({ reason }) => reason === "BranchPushed")).toBe(false);
  });

  test("that only stands on a branch so far is told where it can be changed", async () => {
    const { lab, ds01 } = await world();
    for (const line of ["stop other", "start other", "delete container other"]) {
      const { code, stderr } = await ds01(`${line} --branch ds01/x`);
      expect(code).toBe(4);
      expect(stderr).toContain('"other" not found: nothing in effect declares it');
      expect(stderr).toContain("ds01 apply -f FILE --branch ds01/x");
    }
    expect((await ds01("stop other")).stderr).not.toContain("branch");
    expect(lab.pushed).toEqual([]);
  });

  test("removes of a file with several objects the one that is meant", async () => {
    const { lab, ds01 } = await world();
    lab.texts.set("users/alice/train.yaml", `${train}---\n${other}`);
    expect(await ds01("delete container train --branch ds01/x")).toMatchObject({ code: 0 });
    expect(lab.pushed.map(({ after }) => after)).toEqual([`---\n${other}`]);
    lab.texts.set("users/alice/train.yaml", other);
    expect((await ds01("delete container train --branch ds01/x")).stdout).toContain("unchanged");
  });

  test("that is invalid, or beyond a quota, is refused before anything is pushed", async () => {
    const { lab, ds01, api } = await world();
    const wrong = await api.call("PUT", `${containers}/train?branch=ds01/x`, {
      type: "application/yaml",
      body: train.replace("image:", "imagge:"),
    });
    expect(wrong.code, wrong.text).toBe(422);
    expect(wrong.text).toContain("imagge");
    const root = `${train.trimEnd()}\n  user: root\n`;
    const refused = await ds01("apply -f - --branch ds01/x", root);
    expect(refused.code, refused.stderr).toBe(3);
    const both = await ds01("apply -f - --branch ds01/x", `${other}---\n${root}`);
    expect(both.code, both.stderr).toBe(3);
    expect(both.stderr).toContain("Nothing was pushed.");
    expect(lab.pushed).toEqual([]);
  });

  test("is only for whose file it is, and admins", async () => {
    const { lab, api } = await world();
    const call = async (method: string): Promise<number> =>
      (
        await api.call(method, `${containers}/train?branch=ds01/x`, {
          ...(method === "PUT" ? { type: "application/yaml", body: other } : {}),
          ...(method === "PATCH"
            ? { type: "application/merge-patch+json", body: '{"spec":{"desiredState":"Stopped"}}' }
            : {}),
        })
      ).code;
    api.actAs("bob");
    for (const method of ["PUT", "PATCH", "DELETE"]) expect(await call(method)).toBe(403);
    api.actAs("alice");
    const quota = await api.call("PUT", "/apis/ds01.io/v1alpha1/quotas/all?branch=ds01/x", {
      type: "application/yaml",
      body: "apiVersion: ds01.io/v1alpha1\nkind: QuotaSpec\nmetadata: {name: all}\nspec: {subjects: {default: true}}\n",
    });
    expect(quota.code).toBe(403);
    expect(lab.pushed).toEqual([]);
    api.actAs("carol");
    expect(await call("PATCH")).toBe(200);
    expect(lab.pushed).toMatchObject([{ by: "carol" }]);
  });
});

describe("what comes from Git, without a branch", () => {
  test("is refused on trial as it is in earnest, and compared by diff", async () => {
    const { ds01, lab } = await world();
    const changed = train.replace("desiredState: Running", "desiredState: Stopped");
    for (const [text, path] of [
      [changed, "users/alice/train.yaml"],
      [other, "users/alice/other.yaml"],
    ] as const) {
      for (const line of ["apply -f -", "apply -f - --dry-run"]) {
        const { code, stdout, stderr } = await ds01(line, text);
        expect([line, code, stdout]).toEqual([line, 3, ""]);
        expect(stderr).toContain(`change ${path} in https://git.example/lab.git (main)`);
      }
      const compared = await ds01("diff -f -", text);
      expect(compared.code, compared.stderr).toBe(1);
      expect(compared.stdout).not.toBe("");
    }
    const made = await ds01("create container new --image busybox --dry-run");
    expect([made.code, made.stdout]).toEqual([3, ""]);
    expect(made.stderr).toContain("change users/alice/new.yaml in https://git.example/lab.git (main)");
    expect(lab.pushed).toEqual([]);
  });
});

describe("a branch", () => {
  test.each(["--upload-pack=touch /tmp/x", "refs/heads/main", "../x", "ds01/x\nmain", "ds01/../main", ""])(
    "%j is no name",
    async (branch) => {
      const { lab, api } = await world([], ["*", "*/*"]);
      const { code, text } = await api.call(
        "DELETE",
        `${containers}/train?branch=${encodeURIComponent(branch)}`,
      );
      expect(code, text).toBe(400);
      expect(text).toContain("BranchNameInvalid");
      expect(lab.pushed).toEqual([]);
    },
  );

  test("that is not allowed is refused with how an admin allows it", async () => {
    const none = await world([], []);
    const unset = await none.ds01("stop train --branch ds01/x");
    expect(unset.code).toBe(3);
    expect(unset.stderr).toContain('sources[].git.push: {branches: ["ds01/*"]}');
    const some = await world([], ["ds01/{user}/*"]);
    const set = await some.ds01("stop train --branch ds01/bob/x");
    expect(set.code).toBe(3);
    expect(set.stderr).toContain("ds01/{user}/*");
    expect(await some.ds01("stop train --branch ds01/alice/x")).toMatchObject({ code: 0 });
  });

  test("that another source of the same repository follows is refused", async () => {
    const { lab, ds01 } = await world([new Repository("staging", undefined, "ds01/staging")]);
    const { code, stderr } = await ds01("stop train --branch ds01/staging");
    expect(code).toBe(3);
    expect(stderr).toContain('the source "staging" follows');
    expect(lab.pushed).toEqual([]);
  });

  test.each([
    ["https://git.example/lab", "staging"],
    ["https://GIT.example:443//lab.git/", "staging"],
    ["https://git.example/l%61b.git", "staging"],
    ["ssh://git@git.example/lab.git", "staging"],
    ["git@git.example:lab", "staging"],
    ["https://mirror.example/lab.git", "staging"],
    ["/srv/git/lab.git", "refs/heads/staging"],
    ["file:///srv/git/lab.git", "Staging"],
  ])("that a source at %s follows as %s is refused, for it may be the same repository", async (url, ref) => {
    const { lab, ds01 } = await world([new Repository("other", undefined, ref, url)], ["*"]);
    const { code, stderr } = await ds01("stop train --branch staging");
    expect(code).toBe(3);
    expect(stderr).toContain('staging is what the source "other" follows');
    expect(stderr).toContain(url);
    expect(await ds01("stop train --branch staging2")).toMatchObject({ code: 0 });
    expect(lab.pushed.map(({ branch }) => branch)).toEqual(["staging2"]);
  });

  test("is named by the refusal of what is written here, where pushes are allowed", async () => {
    const { ds01 } = await world();
    const stopped = await ds01("stop train");
    expect(stopped.code).toBe(3);
    expect(stopped.stderr).toContain("or have ds01 push it for review: --branch ds01/*");
    const silent = await world([], []);
    expect((await silent.ds01("stop train")).stderr).not.toContain("--branch");
  });

  test("gets something new of the only source that takes it", async () => {
    const staging = new Repository("staging", ["ds01/*", "staging/*"], "staging");
    const { lab, ds01 } = await world([staging]);
    const both = await ds01("apply -f - --branch ds01/x", other);
    expect(both.code).toBe(2);
    expect(both.stderr).toContain('"lab" and "staging" both take ds01/x');
    expect(await ds01("apply -f - --branch staging/x", other)).toMatchObject({ code: 0 });
    expect([lab.pushed.length, staging.pushed.length]).toEqual([0, 1]);
    // What is there already stays where it comes from.
    expect(await ds01("stop train --branch ds01/x")).toMatchObject({ code: 0 });
    expect([lab.pushed.length, staging.pushed.length]).toEqual([1, 1]);
  });

  test("is of no use to a directory, to an apply by the server, or together with an override", async () => {
    const here = new MemorySource("here");
    const { bed, ds01, api } = await world([here]);
    here.write("users/alice/local.yaml", train.replace("name: train", "name: local"));
    await bed.until("it to run", () => bed.phase("alice/local") === "Running");
    const local = await ds01("stop local --branch ds01/x");
    expect(local.code).toBe(2);
    expect(local.stderr).toContain("without --branch");
    expect(
      await api.call("PATCH", `${containers}/train?branch=ds01/x&fieldManager=k`, {
        type: "application/apply-patch+yaml",
        body: train,
      }),
    ).toMatchObject({ code: 400 });
    expect(
      await api.call("POST", `${containers}?branch=ds01/x`, { type: "application/yaml", body: other }),
    ).toMatchObject({ code: 400 });
    expect(await ds01("stop train --branch ds01/x --override 2h")).toMatchObject({ code: 2 });
  });

  test("has no place where the source has left the configuration, which is said", async () => {
    const before = await world([], ["ds01/*"]);
    await before.bed.stop();
    const other = new Repository("other", ["ds01/*"]);
    const bed = new ControllerBed({ sources: [other] }, before.bed.store, before.bed);
    const api = await startApiBed({
      control: bed.manager.controlPlane(),
      writer: gitWriter([other.place]),
      clock: bed.clock,
    });
    api.actAs("alice");
    bed.start();
    onTestFinished(() => bed.stop());
    await bed.until(
      "the sources to be read",
      () => bed.manager.controlPlane().sources.list()[0]?.status.synced === true,
    );
    const stop = ["stop", "train", "--branch", "ds01/x"];
    const { code, stderr } = await runDs01(stop, { socketPath: api.socketPath, namespace: "alice" });
    expect(code, stderr).toBe(2);
    expect(stderr).toContain('it comes from the source "lab", which the configuration no longer has');
    expect(stderr).not.toContain("directory");
    expect(other.pushed).toEqual([]);
  });

  test("is never pushed to by a controller that runs dry", async () => {
    const lab = new Repository("lab", ["ds01/*"]);
    lab.write("users/alice/train.yaml", train);
    const bed = new ControllerBed({ sources: [lab], dryRun: true }, new MemoryStore());
    bed.start();
    onTestFinished(() => bed.stop());
    await bed.until("it to be known", () => bed.record("alice/train") !== undefined);
    await bed.manager.controlPlane().branches.push({
      identity: { kind: "ContainerSpec", namespace: "alice", name: "train" },
      branch: "ds01/x",
      path: "users/alice/train.yaml",
      by: "alice",
      message: "x",
      dryRun: false,
      edit: async () => null,
    });
    expect(lab.pushed).toEqual([]);
  });
});
