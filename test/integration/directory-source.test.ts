import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { directorySource } from "../../src/adapters/spec/directory.ts";
import type { DirectorySourceOptions } from "../../src/adapters/spec/directory.ts";
import { readSpecFile } from "../../src/adapters/spec/spec-file.ts";
import type { SpecSource } from "../../src/ports/spec-source.ts";
import { waitFor } from "../bed/wait-for.ts";
import { MemoryIdentity } from "../support/memory-identity.ts";
import { RecordingSink } from "../support/recording-sink.ts";
import { silentLog } from "../support/silent-log.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

/** Within this time only the watcher finds anything: full scans come every 20 seconds. */
const watchedMs = 15_000;
const alice = 61001;
const bob = 61002;

interface Running {
  readonly root: string;
  readonly sink: RecordingSink;
  readonly source: SpecSource;
  readonly log: ReturnType<typeof silentLog>;
  /** Writes a file in place of the old one, as careful editors do. */
  readonly drop: (path: string, text: string, uid?: number) => void;
}

function at(root: string, path: string): string {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  return join(root, path);
}

function dropInto(root: string, path: string, text: string, uid = alice): void {
  const target = at(root, path);
  const unfinished = join(dirname(target), ".unfinished");
  writeFileSync(unfinished, text);
  chownSync(unfinished, uid, uid);
  renameSync(unfinished, target);
}

/** Starts a source on a fresh tree with `users/alice` in it; resolves after its first full scan. */
async function start(
  options: Partial<DirectorySourceOptions> = {},
  prepare?: (root: string) => void,
): Promise<Running> {
  const root = options.root ?? temporaryDirectory();
  for (const folder of ["users/alice", "quotas"]) mkdirSync(join(root, folder), { recursive: true });
  prepare?.(root);
  const sink = new RecordingSink();
  const log = silentLog();
  const identity = new MemoryIdentity().add("alice", alice).add("bob", bob).add("boss", 61003, ["admins"]);
  const source = directorySource({
    name: "specs",
    root,
    trust: "owner",
    identity,
    isAdmin: async (user) => (await identity.groupsOf(user.name)).includes("admins"),
    log,
    ...options,
  });
  const end = new AbortController();
  const running = source.run(sink, end.signal);
  onTestFinished(async () => {
    end.abort();
    await running;
  });
  await waitFor("the first full scan", () => sink.scans.length > 0);
  await source.rescan();
  return { root, sink, source, log, drop: (path, text, uid) => dropInto(root, path, text, uid) };
}

describe("directory source", () => {
  test("delivers the full set, then says how many files stand there", async () => {
    const { sink } = await start({}, (root) => {
      dropInto(root, "users/alice/train.yaml", "a: 1");
      dropInto(root, "users/alice/deep/er/other.yml", "b: 1");
      dropInto(root, "users/bob/job.json", "{}", bob);
      dropInto(root, "quotas/students.yaml", "c: 1", 0);
    });
    expect([...sink.texts.keys()].sort()).toEqual([
      "quotas/students.yaml",
      "users/alice/deep/er/other.yml",
      "users/alice/train.yaml",
      "users/bob/job.json",
    ]);
    expect(sink.texts.get("users/alice/train.yaml")).toMatchObject({
      text: "a: 1",
      ownerUid: alice,
      ownerName: "alice",
    });
    expect(sink.texts.get("quotas/students.yaml")).toMatchObject({ ownerUid: 0, ownerName: "root" });
    expect(sink.events).toHaveLength(4);
    expect(new Set(sink.scans)).toEqual(new Set([4]));
  });

  test("leaves hidden, unfinished and other files alone", async () => {
    const { sink, source, root } = await start();
    for (const name of [
      ".hidden.yaml",
      "#saved.yaml",
      "~old.yaml",
      "train.yaml~",
      "README.md",
      ".git/x.yaml",
      "train.yaml.swp",
    ])
      writeFileSync(at(root, `users/alice/${name}`), "a: 1");
    writeFileSync(join(root, "config.yaml"), "a: 1");
    writeFileSync(at(root, "docs/x.yaml"), "a: 1");
    await source.rescan();
    expect(sink.events).toEqual([]);
  });

  test("delivers a file that is renamed into place without waiting for it to rest", async () => {
    const { sink, drop, root } = await start();
    /** Median of the time from the change to its delivery. */
    const delivered = async (word: string, change: (text: string) => void): Promise<number> => {
      const times: number[] = [];
      for (let round = 0; round < 15; round++) {
        const text = `${word}: ${round}`;
        const changedAt = performance.now();
        change(text);
        await waitFor("the text", () => sink.texts.get("users/alice/train.yaml")?.text === text, {
          intervalMs: 1,
        });
        times.push(performance.now() - changedAt);
      }
      return times.toSorted((a, b) => a - b)[7] ?? 0;
    };
    const renamed = await delivered("renamed", (text) => drop("users/alice/train.yaml", text));
    const path = join(root, "users/alice/train.yaml");
    const written = await delivered("written", (text) => writeFileSync(path, text));
    // What is written in place has to rest for 50 ms first; what the machine itself takes both take.
    expect(renamed).toBeLessThan(written - 25);
  });

  test("waits for a file that is written in place until it rests, and never delivers a part", async () => {
    const { sink, root } = await start();
    const path = join(root, "users/alice/train.yaml");
    for (let round = 0; round < 3; round++) {
      const file = openSync(path, "w");
      for (let part = 0; part < 5; part++) {
        writeSync(file, `part${part}: ${round}\n`);
        await sleep(10);
      }
      closeSync(file);
      await waitFor("the whole text", () =>
        sink.texts.get("users/alice/train.yaml")?.text.startsWith(`part0: ${round}`),
      );
      expect(sink.texts.get("users/alice/train.yaml")?.text).toContain(`part4: ${round}`);
    }
    expect(sink.events).toEqual(Array.from({ length: 3 }, () => "upsert users/alice/train.yaml"));
  });

  test("delivers a file that never rests after a while, and an empty one", async () => {
    const { sink, root } = await start();
    const path = join(root, "users/alice/log.yaml");
    writeFileSync(join(root, "users/alice/empty.yaml"), "");
    let ended = false;
    const writing = (async () => {
      while (!ended) {
        appendFileSync(path, "x: 1\n");
        await sleep(10);
      }
    })();
    await waitFor("both", () => sink.texts.size === 2);
    ended = true;
    await writing;
  });

  test("does not deliver again what has the same text", async () => {
    const { sink, source, root, drop } = await start();
    drop("users/alice/train.yaml", "a: 1");
    await waitFor("the text", () => sink.texts.size === 1);
    utimesSync(join(root, "users/alice/train.yaml"), 1, 1);
    await source.rescan();
    drop("users/alice/train.yaml", "a: 1");
    await source.rescan();
    expect(sink.events).toEqual(["upsert users/alice/train.yaml"]);
  });

  test("finds what the watcher does not see by scanning", async () => {
    const { sink, source, drop, root } = await start({ watch: false });
    drop("users/alice/train.yaml", "a: 1");
    await source.rescan();
    drop("users/alice/train.yaml", "a: 2");
    await source.rescan();
    rmSync(join(root, "users/alice/train.yaml"));
    await source.rescan();
    expect(sink.events).toEqual([
      "upsert users/alice/train.yaml",
      "upsert users/alice/train.yaml",
      "remove users/alice/train.yaml",
    ]);
    expect(sink.scans.at(-1)).toBe(0);
  });

  test("scans by itself at its interval", async () => {
    const { sink, drop } = await start({ watch: false, intervalMs: 50 });
    drop("users/alice/train.yaml", "a: 1");
    await waitFor("the text", () => sink.texts.size === 1);
  });

  test("sees files in directories that are made while it runs", async () => {
    const { sink, drop, root } = await start();
    drop("users/bob/new/deep/train.yaml", "a: 1", bob);
    await waitFor("the text", () => sink.texts.has("users/bob/new/deep/train.yaml"), {
      timeoutMs: watchedMs,
    });
    drop("users/bob/new/deep/next.yaml", "a: 1", bob);
    await waitFor("the next", () => sink.texts.has("users/bob/new/deep/next.yaml"), { timeoutMs: watchedMs });
    renameSync(join(root, "users/bob/new"), join(root, "users/bob/renamed"));
    await waitFor(
      "the move",
      () =>
        sink.texts.has("users/bob/renamed/deep/train.yaml") &&
        !sink.texts.has("users/bob/new/deep/train.yaml"),
    );
    rmSync(join(root, "users/bob"), { recursive: true });
    await waitFor("the removal of all", () => sink.texts.size === 0);
    expect(sink.outages).toEqual([]);
  });

  test("misses nothing of a burst", async () => {
    const { sink, drop, root } = await start();
    for (let count = 0; count < 300; count++) drop(`users/alice/n${count}.yaml`, `n: ${count}`);
    await waitFor("all texts", () => sink.texts.size === 300);
    for (let count = 0; count < 300; count += 2) rmSync(join(root, `users/alice/n${count}.yaml`));
    await waitFor("the removals", () => sink.texts.size === 150);
  });

  const refusals: readonly [string, string, (path: string, root: string) => void][] = [
    [
      "a symbolic link",
      "SymlinkNotAllowed",
      (path, root) => symlinkSync(join(root, "users/alice/good.yaml"), path),
    ],
    ["a dangling link", "SymlinkNotAllowed", (path) => symlinkSync("/nowhere", path)],
    [
      "a hard link",
      "HardLinkNotAllowed",
      (path, root) => {
        dropInto(root, "users/alice/first", "a: 1");
        linkSync(join(root, "users/alice/first"), path);
      },
    ],
    ["a FIFO", "NotRegularFile", (path) => execFileSync("mkfifo", [path])],
    [
      "a file above 256 KiB",
      "TooLarge",
      (path, root) => dropInto(root, path.slice(root.length + 1), "#".repeat(256 * 1024 + 1)),
    ],
    [
      "a file of another user",
      "OwnerMismatch",
      (path, root) => dropInto(root, path.slice(root.length + 1), "a: 1", bob),
    ],
    [
      "a file of an unknown user",
      "OwnerMismatch",
      (path, root) => dropInto(root, path.slice(root.length + 1), "a: 1", 61999),
    ],
    [
      "a world-writable file",
      "UnsafeMode",
      (path, root) => {
        dropInto(root, path.slice(root.length + 1), "a: 1");
        chmodSync(path, 0o646);
      },
    ],
    [
      "a group-writable file",
      "UnsafeMode",
      (path, root) => {
        dropInto(root, path.slice(root.length + 1), "a: 1");
        chmodSync(path, 0o664);
      },
    ],
    [
      "a file that is not text",
      "Unreadable",
      (path, root) => {
        dropInto(root, path.slice(root.length + 1), "");
        writeFileSync(path, Buffer.from([0xff, 0xfe, 0x00]));
      },
    ],
  ];
  test.each(refusals)(
    "refuses %s with %s, and takes the file when that is mended",
    async (_what, reason, make) => {
      const { sink, root, drop } = await start();
      drop("users/alice/good.yaml", "good: 1");
      make(join(root, "users/alice/bad.yaml"), root);
      await waitFor("the refusal", () => sink.refusals.has("users/alice/bad.yaml"));
      expect(sink.refusals.get("users/alice/bad.yaml")).toMatchObject({ reason });
      expect(sink.refusals.get("users/alice/bad.yaml")?.message).toContain("users/alice/bad.yaml");
      rmSync(join(root, "users/alice/bad.yaml"));
      drop("users/alice/bad.yaml", "good: 2");
      await waitFor("the mended text", () => sink.texts.has("users/alice/bad.yaml"));
      expect(sink.texts.get("users/alice/good.yaml")?.text).toBe("good: 1");
    },
  );

  test("refuses what is reached through a linked directory", async () => {
    const { sink, root, drop, source } = await start();
    drop("users/bob/mine/train.yaml", "a: 1", alice);
    symlinkSync(join(root, "users/bob/mine"), join(root, "users/alice/mine"));
    await source.rescan();
    expect(sink.refusals.get("users/alice/mine")?.reason).toBe("SymlinkNotAllowed");
    expect(readSpecFile(root, "users/alice/mine/train.yaml")).toMatchObject({
      kind: "refused",
      refusal: { reason: "SymlinkNotAllowed" },
    });
    rmSync(join(root, "users/alice/mine"));
    await source.rescan();
    expect(sink.refusals.has("users/alice/mine")).toBe(false);
  });

  test("refuses a good file that turns bad, and takes the same text back", async () => {
    const { sink, root, drop } = await start();
    drop("users/alice/train.yaml", "a: 1");
    await waitFor("the text", () => sink.texts.size === 1);
    chownSync(join(root, "users/alice/train.yaml"), bob, bob);
    await waitFor(
      "the refusal",
      () => sink.refusals.get("users/alice/train.yaml")?.reason === "OwnerMismatch",
    );
    expect(sink.refusals.get("users/alice/train.yaml")?.message).toBe(
      `users/alice/train.yaml belongs to bob (uid ${bob}); it must belong to alice or root: chown it to alice`,
    );
    chownSync(join(root, "users/alice/train.yaml"), alice, alice);
    await waitFor("the text again", () => !sink.refusals.has("users/alice/train.yaml"));
    expect(sink.events).toHaveLength(3);
  });

  test("takes quotas from root and admins only", async () => {
    const { sink, drop } = await start();
    drop("quotas/root.yaml", "a: 1", 0);
    drop("quotas/boss.yaml", "a: 1", 61003);
    drop("quotas/alice.yaml", "a: 1", alice);
    await waitFor("all three", () => sink.texts.size === 2 && sink.refusals.size === 1);
    expect(sink.refusals.get("quotas/alice.yaml")?.reason).toBe("OwnerMismatch");
  });

  test("asks nobody about owners with trust: path", async () => {
    const { sink, drop, root } = await start({ trust: "path" });
    drop("users/alice/train.yaml", "a: 1", bob);
    chmodSync(join(root, "users/alice/train.yaml"), 0o666);
    await waitFor("the text", () => sink.texts.size === 1);
    expect(sink.texts.get("users/alice/train.yaml")).toMatchObject({ ownerUid: null, ownerName: null });
  });

  test("a file directly in users belongs to nobody", async () => {
    const { sink, drop } = await start();
    drop("users/train.yaml", "a: 1", 0);
    await waitFor("the refusal", () => sink.refusals.get("users/train.yaml")?.reason === "Misplaced");
  });

  test("a name service that fails removes nothing and is asked again", async () => {
    const identity = new MemoryIdentity().add("alice", alice);
    let down = true;
    const { sink, source, drop } = await start({
      identity: {
        userByName: async (name) => identity.userByName(name),
        groupsOf: async (name) => identity.groupsOf(name),
        knowsGroup: async (name) => identity.knowsGroup(name),
        accountOf: async (name) => identity.accountOf(name),
        userByUid: async (uid) => {
          if (down) throw new Error("LDAP does not answer");
          return identity.userByUid(uid);
        },
      },
    });
    drop("users/alice/train.yaml", "a: 1");
    await waitFor("the refusal", () => sink.refusals.size === 1);
    expect(sink.refusals.get("users/alice/train.yaml")?.message).toContain("LDAP does not answer");
    down = false;
    await source.rescan();
    expect(sink.texts.size).toBe(1);
  });

  test.each(["", "users"])(
    "removes nothing when the root's '%s' is moved away, and goes on when it is back",
    async (moved) => {
      const parent = temporaryDirectory();
      const { sink, drop, root, log } = await start({ root: join(parent, "specs") });
      drop("users/alice/train.yaml", "a: 1");
      await waitFor("the text", () => sink.texts.size === 1);
      const scans = sink.scans.length;
      renameSync(join(root, moved), join(parent, "aside"));
      await waitFor("the outage", () => sink.outages.length === 1, { timeoutMs: watchedMs });
      expect(sink.scans.length).toBe(scans);
      renameSync(join(parent, "aside"), join(root, moved));
      await waitFor("a full scan", () => sink.scans.length > scans, { timeoutMs: watchedMs });
      expect(sink.events).toEqual(["upsert users/alice/train.yaml", "unavailable"]);
      // The watcher looks at the tree again, not only the scans.
      await waitFor(
        "the next change",
        () => {
          drop("users/alice/train.yaml", "a: 2");
          return sink.texts.get("users/alice/train.yaml")?.text === "a: 2";
        },
        { timeoutMs: watchedMs },
      );
      expect(log.lines.map(({ level }) => level)).toEqual(["warn", "info"]);
    },
  );

  test("a root that was not there at the start is taken when it comes", async () => {
    const root = join(temporaryDirectory(), "later");
    const sink = new RecordingSink();
    const end = new AbortController();
    const source = directorySource({
      name: "specs",
      root,
      trust: "path",
      identity: new MemoryIdentity(),
      isAdmin: () => false,
      log: silentLog(),
    });
    const running = source.run(sink, end.signal);
    await waitFor("the outage", () => sink.outages.length === 1);
    expect(sink.outages[0]).toContain(`mkdir -p ${root}/users`);
    dropInto(root, "users/alice/train.yaml", "a: 1");
    await waitFor("the text", () => sink.texts.size === 1 && sink.scans.length > 0);
    end.abort();
    await running;
    const events = sink.events.length;
    dropInto(root, "users/alice/train.yaml", "a: 2");
    await source.rescan();
    expect(sink.events).toHaveLength(events);
  });

  test("another directory in place of the root is read as what stands there now", async () => {
    const parent = temporaryDirectory();
    const { sink, drop, root } = await start({ root: join(parent, "specs") });
    drop("users/alice/old.yaml", "a: 1");
    await waitFor("the text", () => sink.texts.size === 1);
    dropInto(join(parent, "other"), "users/alice/new.yaml", "b: 1");
    renameSync(root, join(parent, "aside"));
    renameSync(join(parent, "other"), root);
    await waitFor(
      "the new tree",
      () => sink.texts.has("users/alice/new.yaml") && !sink.texts.has("users/alice/old.yaml"),
      { timeoutMs: watchedMs },
    );
  });

  test("scans 1,000 unchanged files at no more than some times what looking at each costs", async () => {
    const { source, sink, root } = await start({ watch: false }, (root) => {
      for (let user = 0; user < 100; user++)
        for (let file = 0; file < 10; file++) {
          const path = at(root, `users/u${user}/n${file}.yaml`);
          writeFileSync(path, "a: 1");
          utimesSync(path, 1_700_000_000, 1_700_000_000);
        }
    });
    expect(sink.texts.size).toBe(1000);
    /** Milliseconds of CPU time. */
    const cost = async (work: () => Promise<void> | void): Promise<number> => {
      const before = process.cpuUsage();
      await work();
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1000;
    };
    const lookAtEach = (): void => {
      for (const { parentPath, name } of readdirSync(root, { recursive: true, withFileTypes: true }))
        lstatSync(join(parentPath, name));
    };
    const [scans, looks]: [number[], number[]] = [[], []];
    for (let round = 0; round < 9; round++) {
      scans.push(await cost(() => source.rescan()));
      looks.push(await cost(lookAtEach));
    }
    const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[4]!;
    expect(median(scans)).toBeLessThan(6 * median(looks));
    expect(sink.events).toHaveLength(1000);
  });
});
