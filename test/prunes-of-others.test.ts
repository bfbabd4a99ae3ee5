import { expect, test } from "vitest";
import { NotFoundError } from "../src/util/errors.ts";
import { type ApiBed, startApiBed } from "./support/api-bed.ts";
import { ControllerBed } from "./support/controller-bed.ts";
import { MemorySource } from "./support/memory-source.ts";
import { runDs01 } from "./support/run-ds01.ts";

const prunes = "/apis/ds01.io/v1alpha1/prunes";

async function held(): Promise<ApiBed> {
  const bed = await startApiBed();
  bed.control.prunes = [
    { revision: null, token: "mixed", objects: ["alice/train", "bob/secret"], reason: "2 of 3 vanished" },
    { revision: null, token: "foreign", objects: ["bob/other"], reason: "1 of 2 vanished" },
  ];
  bed.actAs("alice");
  return bed;
}

async function confirm(bed: ApiBed, token: string): Promise<{ code: number; text: string }> {
  return bed.call("POST", prunes, { body: JSON.stringify({ token }) });
}

test("a list of what is held back names nobody else's objects", async () => {
  const bed = await held();
  expect(await bed.json(prunes)).toEqual([
    { revision: null, token: "mixed", objects: ["alice/train"], others: 1, reason: "2 of 3 vanished" },
  ]);
  const { stdout } = await runDs01(["prune"], { socketPath: bed.socketPath });
  expect(stdout).toBe(
    "mixed   2 of 3 vanished\n  alice/train\n  and 1 of others\n" +
      "  an admin may delete these: ds01 prune --confirm mixed\n",
  );
  bed.actAs("root");
  expect(await bed.json(prunes)).toEqual(bed.control.prunes);
});

test("nor does the answer to a token that stands for nothing, or for what is not theirs", async () => {
  const bed = await held();
  for (const token of ["nothing", "foreign"]) {
    const { code, text } = await confirm(bed, token);
    expect(code).toBe(404);
    expect(text).toContain("what waits now is mixed: alice/train and 1 of others");
    expect(text).not.toContain("bob");
  }
  expect(await confirm(bed, "mixed")).toMatchObject({ code: 403 });
});

test("nor where the set became another at the same time", async () => {
  const bed = await held();
  bed.control.prunes = [{ revision: null, token: "mine", objects: ["alice/train"], reason: "1 of 1" }];
  bed.control.confirmPrune = async () => {
    bed.control.prunes = [{ revision: null, token: "next", objects: ["alice/train", "bob/x"], reason: "2" }];
    throw new NotFoundError({ reason: "PruneNotFound", message: "what waits now is bob/x" });
  };
  const { code, text } = await confirm(bed, "mine");
  expect(code).toBe(404);
  expect(text).toContain("next: alice/train and 1 of others");
  expect(text).not.toContain("bob");
});

const spec = (name: string, annotations = ""): string =>
  `apiVersion: ds01.io/v1alpha1\nkind: ContainerSpec\nmetadata: {name: ${name}, annotations: {${annotations}}}\n` +
  `spec: {image: "bed/base:1"}\n`;
const quota = `apiVersion: ds01.io/v1alpha1\nkind: QuotaSpec\nmetadata: {name: students}\nspec: {subjects: {users: [alice]}, maxContainers: 9}\n`;

const files = new Map([
  ["users/alice/train.yaml", spec("train")],
  ["users/bob/secret.yaml", spec("secret", "ds01.io/prune: confirm")],
  ["quotas/students.yaml", quota],
]);

test.each([
  ["bob/secret wants to be confirmed", []],
  ["users/bob is gone as a whole", ["users/bob"]],
])("what an object says of itself names nobody else's: %s", async (reason, missing) => {
  const source = new MemorySource();
  const bed = new ControllerBed({ sources: [source] });
  const confirmed = missing.length === 0;
  const kept = ["one", "two", "three"].map((name) => [`users/alice/${name}.yaml`, spec(name)] as const);
  for (const [path, text] of [...files, ...kept])
    source.write(path, confirmed ? text : text.replace("ds01.io/prune: confirm", ""));
  bed.start();
  const keys = ["alice/train", "bob/secret"];
  await bed.until("all to run", () => keys.every((key) => bed.phase(key) === "Running"));

  for (const path of missing) source.missingDirectories.add(path);
  for (const path of files.keys()) source.remove(path);
  const blockedOf = (key: string) => bed.record(key)?.pruneBlocked?.message;
  await bed.until("them to be held back", () => blockedOf("alice/train") !== undefined, 10_000);
  await bed.pass(100);

  const [set] = bed.manager.controlPlane().blockedPrunes();
  const token = set?.token ?? "";
  expect(set?.reason).toContain(reason);
  const seen = `2 objects of others are missing with yours; nothing is removed. An admin may confirm with: ds01 prune --confirm ${token}`;
  expect(blockedOf("alice/train")).toBe(seen);
  // Everybody reads quotas.
  expect(bed.store.get("QuotaSpec", "students")?.pruneBlocked?.message).toBe(seen);

  const api = await startApiBed({ control: bed.manager.controlPlane(), clock: bed.clock });
  api.actAs("alice");
  const shown = await api.call("GET", "/apis/ds01.io/v1alpha1/namespaces/alice/containers/train");
  expect(shown).toMatchObject({ code: 200 });
  expect(shown.text).toContain(seen);
  expect(shown.text).not.toContain("bob");
  const told = bed.events.filter(({ reason: why }) => why === "PruneBlocked");
  expect(told.map(({ involvedObject }) => involvedObject.name).toSorted()).toEqual([
    "secret",
    "students",
    "train",
  ]);
  for (const { involvedObject, message } of told)
    if (involvedObject.name !== "secret") expect(message).toBe(seen);
  await bed.stop();
});
