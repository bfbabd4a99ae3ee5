import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { FileStore } from "../../src/adapters/store/file-store.ts";
import { parseRecord } from "../../src/adapters/store/record-file.ts";
import { StateNotWritable, StateTooNew } from "../../src/adapters/store/state-errors.ts";
import { waitFor } from "../bed/wait-for.ts";
import { storeContract } from "../contract/store.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { containerRecord, quotaRecord } from "../support/records.ts";
import { silentLog } from "../support/silent-log.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const log = silentLog();

function open(
  stateDir: string,
  options: Partial<ConstructorParameters<typeof FileStore>[0]> = {},
): FileStore {
  const store = new FileStore({ stateDir, log, soonMs: 20, retryMs: 20, ...options });
  onTestFinished(async () => store.close().catch(() => undefined));
  return store;
}

function filesOf(stateDir: string): string[] {
  return readdirSync(join(stateDir, "objects"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

const trainFile = (stateDir: string): string => join(stateDir, "objects/ContainerSpec/alice/train.json");

storeContract("MemoryStore", () => new MemoryStore());
storeContract("FileStore", () => open(temporaryDirectory()));

describe("FileStore", () => {
  test("has a put on disk, readable by its owner only, when it resolves", async () => {
    const stateDir = temporaryDirectory();
    const stored = await open(stateDir).put(containerRecord("alice", "train"));
    expect(statSync(trainFile(stateDir)).mode & 0o777).toBe(0o600);
    expect(parseRecord(readFileSync(trainFile(stateDir), "utf8"), "")).toEqual(stored);
  });

  test("gives the uid that two files have to the older record, whichever is read first", async () => {
    for (const [older, copied] of [
      ["train", "copy"],
      ["copy", "train"],
    ] as const) {
      const stateDir = temporaryDirectory();
      const quiet = silentLog();
      const store = open(stateDir);
      const record = { ...containerRecord("alice", older), createdAt: 1, uid: "one" };
      await store.put(record);
      await store.put({ ...record, name: copied, createdAt: 2 });
      await store.close();
      const next = open(stateDir, { log: quiet });
      expect(next.list("ContainerSpec").map(({ name }) => name)).toEqual([older]);
      expect(quiet.lines.map(({ fields }) => fields["reason"])).toEqual(["StateCorrupt"]);
      expect(readdirSync(join(stateDir, "corrupt"))).toHaveLength(1);
    }
  });

  test("shows the same records after a restart, under any name", async () => {
    const stateDir = temporaryDirectory();
    const quiet = silentLog();
    const store = open(stateDir);
    const long = "a".repeat(240);
    for (const name of [
      "train",
      "..",
      ".hidden",
      "a/b",
      "users/alice/no good.yaml",
      "ünïcode",
      "-",
      long,
      `${long}b`,
    ])
      await store.put(containerRecord("h.baker@example.org", name));
    await store.put(containerRecord("-", "same"));
    await store.put(quotaRecord("same"));
    await store.delete("ContainerSpec", "h.baker@example.org/.hidden");
    const again = open(stateDir, { log: quiet });
    expect(again.list("ContainerSpec")).toEqual(store.list("ContainerSpec"));
    expect(again.list("QuotaSpec")).toEqual(store.list("QuotaSpec"));
    expect(again.list("ContainerSpec")).toHaveLength(9);
    expect(quiet.lines).toEqual([]);
  });

  test("writes what putSoon was given within the delay, the last one only", async () => {
    const stateDir = temporaryDirectory();
    const store = open(stateDir);
    let record = await store.put(containerRecord("alice", "train"));
    for (let generation = 2; generation <= 9; generation++) record = store.putSoon({ ...record, generation });
    expect(readFileSync(trainFile(stateDir), "utf8")).toContain('"generation":1,');
    await waitFor("the last generation on disk", () =>
      readFileSync(trainFile(stateDir), "utf8").includes('"generation":9,'),
    );
  });

  test("a put that changes nothing waits for the write that is under way", async () => {
    const stateDir = temporaryDirectory();
    const store = open(stateDir);
    const first = store.put(containerRecord("alice", "train"));
    // By now the write has begun.
    await Promise.resolve().then(() => undefined);
    await store.put(store.get("ContainerSpec", "alice/train")!);
    expect(filesOf(stateDir)).toEqual([trainFile(stateDir)]);
    await first;
  });

  test("keeps the order of putSoon, put and delete of one object", async () => {
    const stateDir = temporaryDirectory();
    const store = open(stateDir, { soonMs: 60_000 });
    let record = store.putSoon(containerRecord("alice", "train"));
    record = await store.put({ ...record, generation: 2 });
    store.putSoon({ ...record, generation: 3 });
    await store.delete("ContainerSpec", "alice/train");
    await store.flush();
    expect(filesOf(stateDir)).toEqual([]);
  });

  test("flush writes what putSoon left waiting", async () => {
    const stateDir = temporaryDirectory();
    const store = open(stateDir, { soonMs: 60_000 });
    store.putSoon(containerRecord("alice", "train"));
    expect(filesOf(stateDir)).toEqual([]);
    await store.flush();
    expect(filesOf(stateDir)).toEqual([trainFile(stateDir)]);
  });

  test("never hands out a resourceVersion twice, whatever was lost", async () => {
    const stateDir = temporaryDirectory();
    let highest = 0;
    for (let round = 0; round < 4; round++) {
      const store = new FileStore({ stateDir, log });
      for (let count = 0; count < 700; count++) {
        const version = store.nextResourceVersion();
        expect(version).toBeGreaterThan(highest);
        highest = version;
      }
      // Not closed: as after SIGKILL.
    }
    const last = await open(stateDir).put(containerRecord("alice", "train"));
    rmSync(join(stateDir, "resource-version"));
    expect(open(stateDir).nextResourceVersion()).toBeGreaterThan(last.resourceVersion + 1000);
  });

  test("moves a corrupt file aside, says so, and keeps the others", async () => {
    const stateDir = temporaryDirectory();
    const store = open(stateDir);
    for (const name of ["cut", "edited", "good", "other"]) await store.put(containerRecord("alice", name));
    const path = (name: string): string => join(stateDir, `objects/ContainerSpec/alice/${name}.json`);
    truncateSync(path("cut"), 100);
    writeFileSync(
      path("edited"),
      readFileSync(path("edited"), "utf8").replace('"generation":1', '"generation":2'),
    );
    writeFileSync(path("stranger"), readFileSync(path("other"), "utf8"));
    const warned = silentLog();
    const again = open(stateDir, { log: warned });
    expect(again.list("ContainerSpec").map(({ name }) => name)).toEqual(["good", "other"]);
    expect(readdirSync(join(stateDir, "corrupt"))).toHaveLength(3);
    expect(warned.lines.map(({ level, fields }) => [level, fields["reason"]])).toEqual(
      Array.from({ length: 3 }, () => ["warn", "StateCorrupt"]),
    );
  });

  test("refuses to start on the state of a newer ds01 and leaves it as it is", async () => {
    const stateDir = temporaryDirectory();
    await open(stateDir).put(containerRecord("alice", "train"));
    const text = readFileSync(trainFile(stateDir), "utf8").replace('"version":1', '"version":2');
    writeFileSync(trainFile(stateDir), text);
    expect(() => open(stateDir)).toThrow(StateTooNew);
    expect(readFileSync(trainFile(stateDir), "utf8")).toBe(text);
  });

  test("rejects a put that cannot be written, says so, and writes it once the disk lets it", async () => {
    const stateDir = temporaryDirectory();
    const store = open(stateDir);
    // A file in place of the directory fails also for root, whom permissions do not stop.
    const obstacle = join(stateDir, "objects/ContainerSpec/alice");
    writeFileSync(obstacle, "");
    const record = containerRecord("alice", "train");
    await expect(store.put(record)).rejects.toThrow(StateNotWritable);
    expect(store.writable()).toBe(false);
    const stored = store.get("ContainerSpec", "alice/train")!;
    await expect(store.put(stored)).rejects.toThrow(StateNotWritable);
    rmSync(obstacle);
    await waitFor("the state to be writable again", () => store.writable());
    expect(parseRecord(readFileSync(trainFile(stateDir), "utf8"), "")).toEqual(stored);
  });

  test("writes nothing after its right to write is gone", async () => {
    const stateDir = temporaryDirectory();
    let held = true;
    const store = open(stateDir, { mayWrite: () => held });
    const first = await store.put(containerRecord("alice", "train"));
    held = false;
    await expect(store.put({ ...first, generation: 2 })).rejects.toThrow("another controller");
    expect(parseRecord(readFileSync(trainFile(stateDir), "utf8"), "")).toEqual(first);
  });

  test("starts with every completed write after a crash that left unfinished files", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.boolean()), { maxLength: 12 }),
        fc.nat(4000),
        async (operations, cut) => {
          const stateDir = temporaryDirectory();
          const store = new FileStore({ stateDir, log });
          for (const [name, remove] of operations) {
            const record = store.get("ContainerSpec", `alice/${name}`) ?? containerRecord("alice", name);
            if (remove) await store.delete("ContainerSpec", `alice/${name}`);
            else await store.put({ ...record, generation: record.generation + 1 });
          }
          const before = store.list("ContainerSpec");
          mkdirSync(join(stateDir, "objects/ContainerSpec/alice"), { recursive: true });
          writeFileSync(
            join(stateDir, "objects/ContainerSpec/alice/.a.json.1234.5.tmp"),
            '{"version":1,'.slice(0, cut),
          );
          expect(new FileStore({ stateDir, log }).list("ContainerSpec")).toEqual(before);
          expect(filesOf(stateDir).filter((path) => path.endsWith(".tmp"))).toEqual([]);
        },
      ),
      { numRuns: 30 },
    );
  });

  test("loses no acknowledged write to SIGKILL at any moment", async () => {
    const stateDir = temporaryDirectory();
    const quiet = silentLog();
    let highest = 0;
    for (let round = 0; round < 5; round++) {
      const child = spawn(
        process.execPath,
        ["--import", "tsx", join(import.meta.dirname, "file-store-writer.ts"), stateDir],
        {
          stdio: ["ignore", "pipe", "inherit"],
        },
      );
      let acknowledged = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (acknowledged += text));
      const enough = 20 + round * 37;
      await waitFor("writes", () => acknowledged.split("\n").length > enough, { intervalMs: 1 });
      child.kill("SIGKILL");
      await once(child, "close");
      const last = new Map(
        acknowledged
          .split("\n")
          .slice(0, -1)
          .map((line) => line.split(" "))
          .map(([name, generation]) => [name!, Number(generation)]),
      );
      expect(last.size).toBeGreaterThan(0);
      const store = new FileStore({ stateDir, log: quiet });
      for (const [name, generation] of last)
        expect(store.get("ContainerSpec", `alice/${name}`)?.generation).toBeGreaterThanOrEqual(generation);
      const version = store.nextResourceVersion();
      expect(version).toBeGreaterThan(highest);
      highest = version;
      await store.close();
    }
    expect(quiet.lines).toEqual([]);
  });
});
