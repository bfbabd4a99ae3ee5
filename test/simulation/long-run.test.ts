import { expect, test } from "vitest";
import { SpecIndex } from "../../src/controller/spec-index.ts";
import { keptObjects } from "./kept-objects.ts";
import { LongRun } from "./long-run.ts";

test("hours in which things come and go leave no alarm, record, container or file behind", async () => {
  const run = new LongRun(1);
  await run.load(1);
  await run.rest(0.2);
  const before = run.leftovers();
  await run.load(2);
  await run.rest(0.2);
  const after = run.leftovers();
  run.end();
  expect(after.past - before.past).toBeGreaterThan(10);
  expect(run.faults).toEqual([]);
  expect({ records: after.records, containers: after.containers }).toEqual({ records: 1, containers: 0 });
  expect(after.alarms).toBeLessThanOrEqual(before.alarms);
  expect([...after.documents.keys()]).toEqual([...before.documents.keys()]);
});

test("the index of files keeps nothing of files that have gone", async () => {
  const index = new SpecIndex(() => []);
  const sets = async (): Promise<number> =>
    (await keptObjects("SpecIndex", new Set())).get("object Set") ?? 0;
  const paths = Array.from({ length: 1000 }, (_, number) => `users/alice/n${number}.yaml`);
  const document = { contentHash: "", ownerUid: null, ownerName: null };
  const text = "kind: ContainerSpec\nspec: {image: x}\n";
  const before = await sets();
  for (const path of paths) index.upsert("specs", { ...document, path, text });
  // Each object has a set of files; the tests around it come and go with a few of their own.
  expect(await sets()).toBeGreaterThan(before + paths.length * 0.8);
  for (const path of paths) index.remove("specs", path);
  expect(await sets()).toBeLessThan(before + paths.length * 0.2);
});
