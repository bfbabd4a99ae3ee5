import { expect, test } from "vitest";
import { ControllerBed } from "./support/controller-bed.ts";
import { MemorySource } from "./support/memory-source.ts";

/** How often a source is read in five minutes when it is read every 20 s, as a directory is. */
const usualReadings = 15;
const fiveMinutesMs = 300_000;

class CountedSource extends MemorySource {
  readings = 0;

  override async rescan(): Promise<void> {
    this.readings += 1;
    await super.rescan();
  }
}

const job = (name: string, annotations = ""): string =>
  `apiVersion: ds01.io/v1alpha1\nkind: ContainerSpec\nmetadata: {name: ${name}, annotations: {${annotations}}}\n` +
  `spec: {image: "bed/base:1", restartPolicy: Never}\n`;

const path = (name: string): string => `users/alice/${name}.yaml`;

/** A controller with five jobs that run. */
async function running(annotations = ""): Promise<{ bed: ControllerBed; source: CountedSource }> {
  const source = new CountedSource();
  const bed = new ControllerBed({ sources: [source] });
  const names = ["one", "two", "three", "four", "five"];
  for (const name of names) source.write(path(name), job(name, annotations));
  bed.start();
  await bed.until("all to run", () => names.every((name) => bed.phase(`alice/${name}`) === "Running"));
  return { bed, source };
}

test.each([
  ["the guard holds them back", "", ["one", "two", "three", "four"], "PruneBlocked"],
  ["a job finishes first", "ds01.io/deletion-policy: finish", ["one"], "FinishesFirst"],
  ["an annotation keeps it", "ds01.io/prune: disabled", ["one"], "PruneBlocked"],
])("a source is not read more often than usual while %s", async (_, annotations, names, reason) => {
  const { bed, source } = await running(annotations);
  for (const name of names) source.remove(path(name));
  await bed.until("it to wait", () => bed.record("alice/one")?.pruneBlocked?.reason === reason);
  source.readings = 0;
  await bed.pass(fiveMinutesMs);
  expect(source.readings).toBeLessThanOrEqual(usualReadings + 3);
  // It is looked at at all, should the source have told of a return that got lost.
  expect(source.readings).toBeGreaterThan(10);
  expect(bed.record("alice/one")?.pruneBlocked?.reason).toBe(reason);
  await bed.stop();
});

test("what happens to one that waits is seen as soon as ever", async () => {
  const { bed, source } = await running("ds01.io/deletion-policy: finish");
  source.remove(path("one"));
  await bed.pass(fiveMinutesMs);
  source.remove(path("two"));
  await bed.until("the next to wait", () => bed.record("alice/two")?.pruneBlocked != null, 3100);
  await bed.pass(fiveMinutesMs);
  bed.runtime.stopByHand(bed.record("alice/one")?.status.container?.name ?? "");
  await bed.until("its end to be followed", () => bed.record("alice/one")?.deletion !== null, 3500);
  await bed.stop();
});

test("a source that was away is read soon after it is back", async () => {
  const { bed, source } = await running();
  for (const name of ["one", "two", "three", "four"]) source.remove(path(name));
  await bed.pass(fiveMinutesMs);
  source.vanish("no such directory");
  await bed.pass(fiveMinutesMs);
  await source.restore();
  source.readings = 0;
  await bed.pass(3100);
  expect(source.readings).toBe(1);
  await bed.stop();
});
