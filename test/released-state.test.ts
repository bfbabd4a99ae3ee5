import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DeviceNotesFile } from "../src/adapters/store/device-notes-file.ts";
import { FileStore } from "../src/adapters/store/file-store.ts";
import { storedKinds } from "../src/adapters/store/record-file.ts";
import { stateDocuments } from "../src/adapters/store/state-documents.ts";
import { ContainerSpecSpec } from "../src/api/container.ts";
import { QuotaSpecSpec } from "../src/api/quota.ts";
import { ReservationSpecSpec } from "../src/api/reservation.ts";
import { AliasTags } from "../src/controller/alias-tags.ts";
import { readIdleStates } from "../src/controller/idle-states.ts";
import { OwnSlices } from "../src/controller/own-slices.ts";
import { TombstoneBook } from "../src/controller/tombstone-book.ts";
import { specHash } from "../src/core/plan/spec-hash.ts";
import type { StoredRecord } from "../src/core/record.ts";
import { parseRunHistory } from "../src/core/schedule/run-history.ts";
import { parseUseHistory } from "../src/core/schedule/recent-use.ts";
import { ManualClock } from "./support/manual-clock.ts";
import { releasedStates, writeFolder } from "./support/released-state.ts";
import type { ReleasedState } from "./support/released-state.ts";
import { silentLog } from "./support/silent-log.ts";
import type { SilentLog } from "./support/silent-log.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";

const released = releasedStates();

/**
 * Written, and in no fixture; each with the reason. What a release has begun to write stands here until the fixture of
 * that release is made (`npm run state-fixture -- VERSION`).
 */
const notInFixtures: Readonly<Record<string, string>> = {
  instance: "the lock: it tells of a process",
  corrupt: "what was damaged is put here, and never read",
  api: "private keys do not belong into a repository; they are made anew, and clients are told to write kubeconfigs again",
};

/** Where the code writes below the state directory: `join(stateDir, "x")`, the views, and the documents. */
function writtenNames(): ReadonlySet<string> {
  const source = join(import.meta.dirname, "../src");
  const texts = readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(?<!\.test)\.ts$/.test(entry.name))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
  const joined = texts.flatMap((text) =>
    [...text.matchAll(/stateDir,\s*"([a-z][^"]*)"/g)].map(([, name]) => name ?? ""),
  );
  const documents = /const files = \{([^}]+)\}/.exec(
    readFileSync(join(source, "adapters/store/state-documents.ts"), "utf8"),
  );
  const named = [...(documents?.[1] ?? "").matchAll(/"([^"]+)"/g)].map(([, name]) => name ?? "");
  return new Set([...joined, ...named, "gpu-state.json", "container-metadata"]);
}

function put({ state }: ReleasedState): string {
  const directory = temporaryDirectory();
  writeFolder(directory, state);
  return directory;
}

/** What stands in a file of the fixture, by no code of ours. */
function raw({ state }: ReleasedState, path: string): Record<string, unknown> {
  const file = state[path];
  if (file === undefined || !("text" in file)) throw new Error(`the fixture has no ${path}`);
  return JSON.parse(file.text) as Record<string, unknown>;
}

function rawRecords(one: ReleasedState): readonly StoredRecord[] {
  const paths = Object.keys(one.state).filter((path) => /^objects\/.*\.json$/.test(path));
  return paths.map((path) => raw(one, path)["record"] as StoredRecord);
}

function open(stateDir: string, log: SilentLog): FileStore {
  return new FileStore({ stateDir, log });
}

test("there is a fixture, and the code is looked through", () => {
  expect(released.map(({ version }) => version)).toContain("0.1.0");
  expect(writtenNames().size).toBeGreaterThan(18);
});

test("every book that is written is in the fixture of the last release", () => {
  const last = Object.keys(released.at(-1)?.state ?? {});
  const missing = [...writtenNames()].filter(
    (name) => !last.some((path) => path === name || path.startsWith(`${name}/`)),
  );
  expect(missing.toSorted()).toEqual(Object.keys(notInFixtures).toSorted());
});

describe.each(released)("the state directory of $version", (one) => {
  test("has an object of each kind, and nothing in it is empty that can be filled", () => {
    expect(new Set(rawRecords(one).map(({ kind }) => kind))).toEqual(new Set(storedKinds));
    if (one.version !== "0.1.0") {
      // It had neither yet.
      expect(rawRecords(one).some(({ source }) => source.element !== undefined)).toBe(true);
      expect(raw(one, "devices.json")["health"]).not.toEqual([]);
    }
    const books = Object.keys(one.state).filter((path) => !path.includes("/") && path.endsWith(".json"));
    for (const path of books) {
      const sizes = Object.values(raw(one, path)).map((value) =>
        typeof value === "object" && value !== null ? Object.keys(value).length : 0,
      );
      expect(Math.max(...sizes, path === "aggregate-cgroups.json" ? 1 : 0), path).toBeGreaterThan(0);
    }
  });

  test("gives back each object as it was written, and loses nothing of it by a write", async () => {
    const [log, stateDir] = [silentLog(), put(one)];
    const store = open(stateDir, log);
    const found = storedKinds.flatMap((kind): StoredRecord[] => [...store.list(kind)]);
    const byUid = (records: readonly StoredRecord[]): readonly StoredRecord[] =>
      records.toSorted((a, b) => (a.uid < b.uid ? -1 : 1));
    expect(byUid(found)).toEqual(byUid(rawRecords(one)));
    for (const record of found) await store.put({ ...record, labels: { ...record.labels, changed: "yes" } });
    await store.close();
    const again = open(stateDir, log);
    const after = storedKinds.flatMap((kind): StoredRecord[] => [...again.list(kind)]);
    await again.close();
    const plain = byUid(after).map(({ labels: { changed, ...labels }, ...record }) => {
      expect(changed).toBe("yes");
      return { ...record, labels, resourceVersion: 0 };
    });
    expect(plain).toEqual(byUid(rawRecords(one)).map((record) => ({ ...record, resourceVersion: 0 })));
    expect(log.lines).toEqual([]);
  });

  test("has specs that mean what they meant: the same with all defaults, and the hashes that the containers carry", () => {
    const schemas = {
      ContainerSpec: ContainerSpecSpec,
      QuotaSpec: QuotaSpecSpec,
      ReservationSpec: ReservationSpecSpec,
    };
    const labels = new Map(one.containers.map(({ config }) => [config.Labels["ds01.uid"], config.Labels]));
    let compared = 0;
    for (const record of rawRecords(one)) {
      expect(schemas[record.kind].parse(record.spec), record.name).toEqual(record.spec);
      const hash = labels.get(record.uid)?.["ds01.spec-hash"];
      if (record.kind !== "ContainerSpec" || record.spec === null || hash === undefined) continue;
      compared += 1;
      expect(specHash(record.spec), record.name).toBe(hash);
    }
    expect(compared).toBeGreaterThan(9);
  });

  test("has documents of which everything is understood", () => {
    const [log, stateDir] = [silentLog(), put(one)];
    const documents = stateDocuments({ stateDir, log, mayWrite: () => true });
    const clock = new ManualClock(one.capturedAt);

    const { tombstones } = raw(one, "tombstones.json");
    expect(new TombstoneBook({ document: documents.tombstones, clock, log }).list()).toEqual(tombstones);
    const { tags } = raw(one, "alias-tags.json");
    const known = new AliasTags(documents.aliasTags, log)
      .all()
      .map(({ reference, ...tag }) => [reference, tag]);
    expect(Object.fromEntries(known)).toEqual(tags);
    const slices = new OwnSlices(documents.ownSlices);
    expect({ own: slices.all, intent: slices.intent }).toEqual(raw(one, "mig-slices.json"));
    const { states } = raw(one, "idleness.json");
    expect(Object.fromEntries(readIdleStates(documents.idleness, log))).toEqual(states);
    expect(parseRunHistory(documents.runHistory.read())).toEqual(raw(one, "run-history.json"));
    const use = parseUseHistory(documents.recentUse.read(), one.capturedAt);
    const { hours } = raw(one, "recent-use.json");
    expect(JSON.parse(JSON.stringify(use))).toMatchObject({ hours });
    const { version: _format, ...notes } = raw(one, "devices.json");
    expect(new DeviceNotesFile({ stateDir, log }).read()).toEqual(notes);
    expect(log.lines).toEqual([]);
  });

  test("keeps what only a later version knows: fields of a record, kinds, and files", async () => {
    const [log, stateDir] = [silentLog(), put(one)];
    const later = { "objects/WorkflowSpec/alice/x.json": { text: "{}" }, "later.json": { text: "[]" } };
    writeFolder(stateDir, later);
    const store = open(stateDir, log);
    const [record] = store.list("QuotaSpec");
    if (record === undefined) throw new Error("the fixture has no quota");
    const added = { ...record, laterField: { a: [1] } };
    await store.put(added);
    await store.close();
    const again = open(stateDir, log);
    const key = record.name;
    const read = again.get("QuotaSpec", key) ?? again.get("QuotaSpec", `/${key}`);
    if (read === undefined) throw new Error("the quota is gone");
    await again.put({ ...read, generation: read.generation + 1 });
    await again.close();
    const text = readFileSync(join(stateDir, `objects/QuotaSpec/-/${key}.json`), "utf8");
    expect(text).toContain('"laterField":{"a":[1]}');
    for (const [path, file] of Object.entries(later))
      expect(readFileSync(join(stateDir, path), "utf8")).toBe(file.text);
    expect(log.lines).toEqual([]);
  });
});
