import { expect, test } from "vitest";
import type { SpecWriter } from "../src/ports/spec-writer.ts";
import { type ApiBed, startApiBed } from "./support/api-bed.ts";
import { ControllerBed } from "./support/controller-bed.ts";
import { MemorySource } from "./support/memory-source.ts";
import { MemoryStore } from "./support/memory-store.ts";
import { runDs01 } from "./support/run-ds01.ts";

const path = "users/alice/train.yaml";
const train = "/apis/ds01.io/v1alpha1/namespaces/alice/containers/train";
const finishes = "ds01.io/deletion-policy: finish";
const stays = "ds01.io/prune: disabled";
const text = (annotation: string, name = "train", more = ""): string =>
  `apiVersion: ds01.io/v1alpha1\nkind: ContainerSpec\nmetadata: {name: ${name}, annotations: {${annotation}}}\n` +
  `spec: {image: "bed/base:1", restartPolicy: Never${more}}\n`;

/** A repository: it delivers what it has once, and then only what another revision changes. */
class Repository extends MemorySource {
  #isRead = false;

  constructor() {
    super("lab", { type: "git", url: "https://git.example/lab.git", path: "." });
  }

  override async rescan(): Promise<void> {
    if (this.#isRead) return;
    this.#isRead = true;
    await super.rescan();
  }
}

/** Writes the files of a directory, as the API does. */
class Writer implements SpecWriter {
  readonly source: string;
  readonly files = new Map<string, string>();
  readonly #written: MemorySource;

  constructor(written: MemorySource) {
    this.#written = written;
    this.source = written.name;
  }

  async requireWritable(): Promise<void> {}

  async read(at: string): Promise<string | undefined> {
    return this.files.get(at);
  }

  async write(at: string, content: string): Promise<void> {
    this.files.set(at, content);
    this.#written.write(at, content);
  }

  async remove(at: string): Promise<void> {
    this.files.delete(at);
    this.#written.remove(at);
  }
}

interface World {
  readonly bed: ControllerBed;
  readonly api: ApiBed;
  readonly writer: Writer;
  readonly directory: MemorySource;
  readonly repository: Repository;
}

/** A controller with a directory and a repository, behind its API. */
async function world(): Promise<World> {
  const directory = new MemorySource();
  const repository = new Repository();
  const bed = new ControllerBed({ sources: [directory, repository] }, new MemoryStore());
  const writer = new Writer(directory);
  const api = await startApiBed({ control: bed.manager.controlPlane(), writer, clock: bed.clock });
  api.actAs("alice");
  await writer.write("users/alice/other.yaml", text("a: b", "other"));
  repository.write("users/alice/another.yaml", text("a: b", "another"));
  return { bed, api, writer, directory, repository };
}

async function runs({ bed }: World, name = "train"): Promise<void> {
  bed.start();
  await bed.until("it to run", () => bed.phase(`alice/${name}`) === "Running");
}

/** Its text is gone, and what follows from that has happened. */
async function isHeldBack({ bed }: World, reason: string, name = "train"): Promise<void> {
  await bed.pass(10_000);
  expect(bed.record(`alice/${name}`)?.pruneBlocked?.reason).toBe(reason);
  expect(bed.phase(`alice/${name}`)).toBe("Running");
}

async function goes({ bed }: World, name = "train"): Promise<void> {
  await bed.until("it to go", () => bed.record(`alice/${name}`) === undefined, 20_000);
  expect(bed.events.some(({ message }) => message.includes("deleted by alice"))).toBe(true);
  await bed.stop();
}

const held = [
  ["finishes first", finishes, "FinishesFirst"],
  ["is never pruned", stays, "PruneBlocked"],
] as const;

test.each(held)("what %s is deleted by ds01 delete when its file is gone", async (_, annotation, reason) => {
  const all = await world();
  await all.writer.write(path, text(annotation));
  await runs(all);
  await all.writer.remove(path);
  await isHeldBack(all, reason);

  const around = { socketPath: all.api.socketPath, namespace: "alice" };
  const waiting = runDs01(["wait", "container/train", "--for=delete", "--timeout=60s"], around);
  expect(await runDs01(["delete", "container", "train"], around)).toMatchObject({ code: 0, stderr: "" });
  await goes(all);
  expect(await waiting).toMatchObject({ code: 0, stderr: "" });
  expect(await all.api.call("GET", train)).toMatchObject({ code: 404 });
});

test.each(held)("so is what %s where others are in its file still", async (_, annotation, reason) => {
  const all = await world();
  const more = text("a: b", "more");
  await all.writer.write(path, `${text(annotation)}---\n${more}`);
  await runs(all);
  await all.writer.write(path, more);
  await isHeldBack(all, reason);

  expect(await all.api.call("DELETE", train)).toMatchObject({ code: 200 });
  await goes(all);
  expect(all.writer.files.get(path)).toBe(more);
});

test.each(held)("so is what %s and no revision declares any more", async (_, annotation, reason) => {
  const all = await world();
  all.repository.write(path, text(annotation));
  await runs(all);
  expect(await all.api.call("DELETE", train)).toMatchObject({ code: 403 });
  all.repository.remove(path);
  await isHeldBack(all, reason);

  expect(await all.api.call("DELETE", `${train}?dryRun=All`)).toMatchObject({ code: 200 });
  await isHeldBack(all, reason);
  expect(await all.api.call("DELETE", train)).toMatchObject({ code: 200 });
  await goes(all);
});

test.each(held)("so is what %s while its source is away, once it is back", async (_, annotation, reason) => {
  const all = await world();
  await all.writer.write(path, text(annotation));
  await runs(all);
  await all.writer.remove(path);
  await isHeldBack(all, reason);

  all.directory.vanish("no such directory");
  expect(await all.api.call("DELETE", train)).toMatchObject({ code: 200 });
  await all.bed.pass(120_000);
  expect(all.bed.phase("alice/train")).toBe("Running");
  await all.directory.restore();
  await goes(all);
});

test("but not what its file has brought back meanwhile", async () => {
  const all = await world();
  await all.writer.write(path, text(stays));
  await runs(all);
  await all.writer.remove(path);
  await isHeldBack(all, "PruneBlocked");

  all.directory.vanish("no such directory");
  expect(await all.api.call("DELETE", train)).toMatchObject({ code: 200 });
  await all.writer.write(path, text(stays));
  await all.directory.restore();
  await all.bed.until("it to be declared", () => all.bed.record("alice/train")?.pruneBlocked === null);
  await all.writer.remove(path);
  await isHeldBack(all, "PruneBlocked");
  await all.bed.stop();
});

test("so is a container of a sweep that is declared no more", async () => {
  const all = await world();
  await all.writer.write(path, text(finishes, "train", ", replicas: 2"));
  await runs(all, "train-1");
  await all.writer.remove(path);
  await isHeldBack(all, "FinishesFirst", "train-1");

  expect(await all.api.call("DELETE", `${train}-1`)).toMatchObject({ code: 200 });
  await goes(all, "train-1");
});

test("who deletes what others own is refused, whether a file declares it or not", async () => {
  const all = await world();
  await all.writer.write(path, text(finishes));
  await runs(all);
  await all.writer.remove(path);
  await isHeldBack(all, "FinishesFirst");

  all.api.actAs("bob");
  expect(await all.api.call("DELETE", train)).toMatchObject({ code: 403 });
  await isHeldBack(all, "FinishesFirst");
  await all.bed.stop();
});
