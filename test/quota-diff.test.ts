import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import type { QuotaPreview } from "../src/api/quota-preview.ts";
import { startApiBed } from "./support/api-bed.ts";
import type { ApiBed } from "./support/api-bed.ts";
import { ControllerBed } from "./support/controller-bed.ts";
import { gpu, inventory } from "./support/devices.ts";
import { runDs01 } from "./support/run-ds01.ts";
import type { Ds01Result } from "./support/run-ds01.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";

const route = "/apis/ds01.io/v1alpha1/quota-preview";

const quota = (spec: string, name = "students"): string =>
  `apiVersion: ds01.io/v1alpha1\nkind: QuotaSpec\nmetadata: {name: ${name}}\nspec:\n  subjects: {default: true}\n${spec}`;

const container = (name: string, namespace: string): string =>
  `apiVersion: ds01.io/v1alpha1\nkind: ContainerSpec\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec:\n  image: bed/base:1\n  gpus: {count: 1}\n`;

const generous = quota("  gpus: {nominal: 2}\n");

/** Two GPUs for alice/one and alice/two, bob/waits pending, and a directory with the same specs to edit. */
class Lab {
  readonly bed = new ControllerBed();
  readonly directory = temporaryDirectory();
  api!: ApiBed;

  static async running(): Promise<Lab> {
    const lab = new Lab();
    const { bed } = lab;
    bed.provider.answer = () => inventory([gpu(0), gpu(1)]);
    lab.both("quotas/students.yaml", generous);
    lab.both("users/alice/one.yaml", container("one", "alice"));
    bed.start();
    await bed.until("the first to run", () => bed.phase("alice/one") === "Running", 20_000);
    lab.both("users/alice/two.yaml", container("two", "alice"));
    await bed.until("the second to run", () => bed.phase("alice/two") === "Running", 20_000);
    lab.both("users/bob/waits.yaml", container("waits", "bob"));
    await bed.until("the third to wait", () => bed.record("bob/waits")?.status.queue !== undefined);
    lab.api = await startApiBed({ control: bed.manager.controlPlane() });
    return lab;
  }

  /** Puts a spec into the controller and into the candidate. */
  both(path: string, text: string): void {
    this.bed.source.write(path, text);
    this.candidate(path, text);
  }

  candidate(path: string, text: string): void {
    mkdirSync(dirname(join(this.directory, path)), { recursive: true });
    writeFileSync(join(this.directory, path), text);
  }

  async diff(...flags: readonly string[]): Promise<Ds01Result> {
    return runDs01(["diff", ...flags, this.directory], { socketPath: this.api.socketPath });
  }

  running(): readonly string[] {
    return this.bed.store
      .list("ContainerSpec")
      .filter(({ status }) => status.phase === "Running")
      .map(({ name }) => name)
      .toSorted();
  }
}

test("ds01 diff of a lower quota says who would be over it, what would wait, and that nobody is stopped", async () => {
  const lab = await Lab.running();
  const same = await lab.diff("-o", "json");
  expect(same, same.stderr).toMatchObject({ code: 0 });
  lab.candidate(
    "quotas/students.yaml",
    quota("  gpus: {nominal: 1, maxPerContainer: 1}\n  maxContainers: 1\n"),
  );

  const text = await lab.diff();
  expect(text, text.stderr).toMatchObject({ code: 1 });
  expect(text.stdout).toContain(
    'alice would be over quota by 1: uses 2 containers, quota "students" allows 1 (quotas/students.yaml',
  );
  expect(text.stdout).toContain(
    'alice would be over quota by 1: uses 2 GPU-equivalents, quota "students" allows 1 (quotas/students.yaml',
  );
  expect(text.stdout).toContain("counted: alice/one 1, alice/two 1");
  expect(text.stdout).toContain("alice/two would be beyond its owner's quota");
  expect(text.stdout).toContain("nobody is stopped at once by a quota");

  const json = await lab.diff("-o", "json");
  expect(json, json.stderr).toMatchObject({ code: 1 });
  const objects = JSON.parse(json.stdout) as { object: string; outcome: string; affects?: QuotaPreview }[];
  const reviewed = objects.find(({ object }) => object === "quotas/students");
  expect(reviewed?.affects?.over.map(({ user, limit, over }) => [user, limit, over])).toEqual([
    ["alice", "containers", 1],
    ["alice", "gpuEquivalents", 1],
  ]);
  expect(reviewed?.affects?.objects).toMatchObject([
    { name: "alice/two", outcome: "borrows", running: true },
  ]);
  expect(objects.filter(({ affects }) => affects !== undefined)).toHaveLength(1);

  const markdown = await lab.diff("--prune", "-o", "markdown");
  expect(markdown, markdown.stderr).toMatchObject({ code: 1 });
  expect(markdown.stdout).toContain("alice would be over quota by 1");

  // As the controller then does.
  lab.bed.source.write("quotas/students.yaml", quota("  gpus: {nominal: 1}\n  maxContainers: 1\n"));
  await lab.bed.pass(20_000);
  expect(lab.running()).toEqual(["one", "two"]);
  await lab.bed.stop();
});

test("what a candidate changes besides counts too, and what waits is told of when it would be refused", async () => {
  const lab = await Lab.running();
  lab.candidate("quotas/students.yaml", quota("  gpus: {nominal: 2, allowFullGpu: false}\n"));
  lab.candidate("users/carol/new.yaml", container("new", "carol"));
  const { stdout, stderr } = await lab.diff("-o", "json");
  const objects = JSON.parse(stdout) as { object: string; affects?: QuotaPreview }[];
  const { affects } = objects.find(({ object }) => object === "quotas/students") ?? {};
  expect(affects?.over, stderr).toEqual([]);
  expect(affects?.objects.map(({ name, outcome, running }) => [name, outcome, running])).toEqual([
    ["alice/one", "refused", true],
    ["alice/two", "refused", true],
    ["bob/waits", "refused", false],
    ["carol/new", "refused", false],
  ]);
  const text = await lab.diff();
  expect(text.stdout).toContain(
    "alice/one runs on, and would be refused at its next start (FullGpuNotAllowed)",
  );
  expect(text.stdout).toContain("bob/waits would be refused (FullGpuNotAllowed)");
  await lab.bed.stop();
});

test("what would be built is judged without a look at what it is built from", async () => {
  const lab = await Lab.running();
  const { bed } = lab;
  const built = (name: string, more = ""): string =>
    container(name, "carol").replace("image: bed/base:1", `build: {context: app}${more}`);
  bed.identity.add("carol", 1003);
  bed.contexts.contents.set("users/carol/app", "FROM bed/base:1");
  bed.source.write("users/carol/waits.yaml", built("waits"));
  await bed.until("its image to be built", () => bed.record("carol/waits")?.status.queue !== undefined);
  const looked: string[] = [];
  bed.contexts.signature = async ({ specPath }) => {
    looked.push(specPath);
    return "another";
  };
  const found = await bed.manager.controlPlane().questions.quotaPreview({
    documents: [
      { path: "quotas/students.yaml", text: quota("  gpus: {nominal: 2, allowFullGpu: false}\n") },
      { path: "users/carol/waits.yaml", text: built("waits", "\n  tty: true") },
      { path: "users/carol/new.yaml", text: built("new") },
    ],
    removed: [],
  });
  expect(found.objects.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
    "alice/one refused",
    "alice/two refused",
    "bob/waits refused",
    "carol/waits refused",
    "carol/new refused",
  ]);
  await bed.turns();
  expect(looked).toEqual([]);
  await bed.stop();
});

test("each container of a sweep that comes, grows or shrinks in the candidate counts", async () => {
  const lab = await Lab.running();
  const { bed } = lab;
  const sweep = (name: string, replicas: number): string =>
    `${container(name, "carol")}  replicas: ${replicas}\n`;
  bed.identity.add("carol", 1003);
  for (const [name, replicas] of [
    ["grows", 1],
    ["shrinks", 3],
    ["ends", 2],
  ] as const) {
    bed.source.write(`users/carol/${name}.yaml`, sweep(name, replicas));
    await bed.until(`${name} to wait`, () => bed.record(`carol/${name}-0`)?.status.queue !== undefined);
  }
  const previewed = await bed.manager.controlPlane().questions.quotaPreview({
    documents: [
      {
        path: "quotas/students.yaml",
        text: quota("  gpus: {nominal: 2, allowFullGpu: false}\n  maxContainers: 2\n"),
      },
      { path: "users/carol/comes.yaml", text: sweep("comes", 2) },
      { path: "users/carol/grows.yaml", text: sweep("grows", 2) },
      { path: "users/carol/shrinks.yaml", text: sweep("shrinks", 1) },
      { path: "users/carol/ends.yaml", text: container("ends", "carol") },
      {
        path: "users/carol/two.yaml",
        text: `${container("first", "carol")}---\n${container("second", "carol")}`,
      },
    ],
    removed: [],
  });
  expect(
    previewed.objects
      .flatMap(({ user, name, outcome }) => (user === "carol" ? [`${name} ${outcome}`] : []))
      .toSorted(),
  ).toEqual([
    "carol/comes-0 refused",
    "carol/comes-1 refused",
    "carol/ends refused",
    "carol/first refused",
    "carol/grows-0 refused",
    "carol/grows-1 refused",
    "carol/second refused",
    "carol/shrinks-0 refused",
  ]);
  await bed.stop();
});

test("a quota that would go with --prune counts as gone, and a better one affects nobody", async () => {
  const lab = await Lab.running();
  lab.bed.source.write(
    "quotas/alice.yaml",
    quota("  gpus: {nominal: 5}\n", "alice").replace("{default: true}", "{users: [alice]}"),
  );
  await lab.bed.pass(1000);
  lab.candidate("quotas/students.yaml", quota("  gpus: {nominal: 1}\n"));
  const kept = await lab.diff("-o", "markdown");
  expect(kept.stdout).toContain("nobody is affected");
  const pruned = await lab.diff("--prune", "-o", "markdown");
  expect(pruned.stdout).toContain("alice would be over quota by 1");
  await lab.bed.stop();
});

test("only who may write quotas is told", async () => {
  const lab = await Lab.running();
  const body = JSON.stringify({ documents: [], removed: [] });
  lab.api.actAs("alice");
  expect((await lab.api.call("POST", route, { body })).code).toBe(403);
  lab.api.actAs("carol");
  const asked = await lab.api.call("POST", route, { body });
  expect(JSON.parse(asked.text)).toEqual({ over: [], objects: [] });
  expect((await lab.api.call("POST", route, { body: "{}" })).code).toBe(400);
  const wrong = [{ kind: "QuotaSpec", namespace: "", name: "students", text: "spec: [" }];
  const skipped = await lab.api.call("POST", route, {
    body: JSON.stringify({ documents: wrong, removed: [] }),
  });
  expect(JSON.parse(skipped.text)).toEqual({ over: [], objects: [] });
  await lab.bed.stop();
});
