import { beforeEach, describe, expect, it } from "vitest";
import { Ingest } from "../../src/controller/ingest.ts";
import { PruneDesks } from "../../src/controller/prune-desks.ts";
import { SourceBook } from "../../src/controller/source-book.ts";
import { SpecIndex } from "../../src/controller/spec-index.ts";
import type { Happening } from "../../src/ports/event-sink.ts";
import type { SpecSink } from "../../src/ports/spec-source.ts";
import { waitFor } from "../bed/wait-for.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { silentLog } from "../support/silent-log.ts";

const spec = (name: string): string =>
  `apiVersion: ds01.io/v1alpha1\nkind: ContainerSpec\nmetadata: {name: ${name}}\nspec: {image: x}\n`;

/** Ingest and desk as the manager wires them, over a tree that the test holds. */
class Tree {
  readonly clock = new ManualClock();
  readonly store: MemoryStore;
  readonly happenings: Happening[] = [];
  readonly missing = new Set<string>();
  readonly index = new SpecIndex(() => []);
  readonly desk: PruneDesks;
  readonly ingest: Ingest;
  readonly sink: SpecSink;

  /** `store`: what an earlier controller has left. */
  constructor(store = new MemoryStore()) {
    this.store = store;
    const shared = {
      store: this.store,
      index: this.index,
      clock: this.clock,
      events: { record: (happening: Happening) => void this.happenings.push(happening) },
      log: silentLog(),
      onChange: () => undefined,
    };
    const place = { type: "directory", url: "/specs" } as const;
    const hasDirectory = (path: string): boolean => !this.missing.has(path);
    const sources = [{ name: "specs", place, hasDirectory, rescan: async () => this.rescan() }];
    const book = new SourceBook(sources, () => undefined);
    this.desk = new PruneDesks({
      ...shared,
      sources,
      book,
      deletionPolicy: "stop",
      settled: () => this.ingest.settled(),
      onDelete: async ({ name }, cause) => {
        if (!this.isDeleted(name)) this.noted.push(`${name}: ${cause}`);
        await this.whileNoted();
      },
    });
    this.ingest = new Ingest({
      ...shared,
      prunes: this.desk,
      book,
      now: () => this.clock.now(),
      uidFor: ({ namespace, name }) => `uid-${namespace}-${name}`,
      noted: (_, next) => next,
    });
    this.sink = this.ingest.sinkOf("specs");
  }

  async write(...names: string[]): Promise<void> {
    for (const name of names) {
      const text = spec(name);
      this.sink.upsert({ path: pathOf(name), text, contentHash: text, ownerUid: null, ownerName: null });
    }
    await this.ingest.settled();
  }

  async remove(...names: string[]): Promise<void> {
    for (const name of names) this.sink.remove(pathOf(name));
    await this.ingest.settled();
  }

  /** Moves on, and lets what was judged meanwhile finish. */
  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    for (let turn = 0; turn < 20; turn += 1) await this.ingest.settled();
  }

  /** What was told of each deletion before it took effect. */
  readonly noted: string[] = [];
  /** What happens while that is written. */
  whileNoted = async (): Promise<void> => undefined;

  /** What another look at the source finds. */
  rescan = async (): Promise<void> => undefined;

  isDeleted(name: string): boolean {
    return this.store.get("ContainerSpec", `alice/${name}`)?.deletion != null;
  }
}

/** A disk that takes nothing: what is put is in memory, and the put fails. */
function fill(store: MemoryStore): void {
  const put = store.put.bind(store);
  store.put = async (record) => {
    await put(record);
    throw new Error("no space left on device");
  };
}

const pathOf = (name: string): string => `users/alice/${name}.yaml`;

describe("a file that is gone", () => {
  let tree: Tree;
  beforeEach(async () => {
    tree = new Tree();
    await tree.write("one", "two", "three", "four", "five", "six");
    tree.sink.synced(6);
    await tree.ingest.settled();
  });

  it("deletes its object after three seconds, not before", async () => {
    await tree.remove("one");
    await tree.pass(2900);
    expect(tree.isDeleted("one")).toBe(false);
    await tree.pass(200);
    await waitFor("one is deleted", () => tree.isDeleted("one"));
    expect(tree.noted).toEqual(["one: its file is gone"]);
  });

  it("and comes back while its deletion is noted is in effect", async () => {
    await tree.remove("one");
    tree.whileNoted = () => tree.write("one");
    await tree.pass(3000);
    await waitFor("the deletion to be noted", () => tree.noted.length > 0);
    await tree.pass(0);
    expect(tree.store.get("ContainerSpec", "alice/one")?.deletion).toBeNull();
    tree.whileNoted = async () => undefined;
    await tree.remove("one");
    await tree.pass(3000);
    await waitFor("one is deleted", () => tree.isDeleted("one"));
  });

  it("waits its three seconds also when it vanished while another deletion was noted", async () => {
    tree.desk.expect({ kind: "ContainerSpec", namespace: "alice", name: "one" }, "alice");
    tree.whileNoted = async () => {
      tree.whileNoted = async () => undefined;
      for (const name of ["two", "three"]) {
        tree.clock.advance(1000);
        await tree.remove(name);
      }
    };
    await tree.remove("one");
    await tree.pass(0);
    await waitFor("one is deleted", () => tree.isDeleted("one"));
    await tree.pass(2000);
    await waitFor("two is deleted", () => tree.isDeleted("two"));
    expect(tree.isDeleted("three")).toBe(false);
    await tree.pass(3000);
    await waitFor("three is deleted", () => tree.isDeleted("three"));
  });

  it.each([
    ["is back", () => tree.write("one"), false],
    ["cannot be looked for", async () => tree.sink.unavailable("away"), false],
    ["is still gone", async () => undefined, true],
  ])(
    "and of which the controller was held up while its deletion was noted is looked for again: it %s",
    async (_what, found, isDeleted) => {
      await tree.remove("one");
      tree.whileNoted = async () => tree.clock.advance(20_000);
      // Nobody was there to hear of it before.
      tree.rescan = async () => (tree.noted.length === 0 ? undefined : found());
      await tree.pass(3000);
      await waitFor("the deletion to be noted", () => tree.noted.length > 0);
      await tree.pass(0);
      expect(tree.isDeleted("one")).toBe(isDeleted);
    },
  );

  it("does nothing when it is back in time, as editors save", async () => {
    await tree.remove("one");
    await tree.pass(1000);
    await tree.write("one");
    await tree.pass(60_000);
    expect(tree.isDeleted("one")).toBe(false);
  });

  it("deletes nothing that came back while others were being deleted", async () => {
    await tree.remove("one", "two");
    const put = tree.store.put.bind(tree.store);
    tree.store.put = async (record) => {
      const stored = await put(record);
      if (stored.name === "one") await tree.write("two");
      return stored;
    };
    await tree.pass(3100);
    await waitFor("one is deleted", () => tree.isDeleted("one"));
    await tree.pass(60_000);
    expect(tree.isDeleted("two")).toBe(false);
  });

  it("is not said to be missing when it came back while others were noted", async () => {
    await tree.remove("one", "two", "three", "four");
    const put = tree.store.put.bind(tree.store);
    tree.store.put = async (record) => {
      const stored = await put(record);
      if (stored.name === "one" && stored.pruneBlocked !== null) await tree.write("two");
      return stored;
    };
    await tree.pass(3100);
    const blocked = (name: string) => tree.store.get("ContainerSpec", `alice/${name}`)?.pruneBlocked;
    await waitFor("the others to be held back", () => blocked("four") != null, { timeoutMs: 2000 });
    expect(blocked("two")).toBeNull();
  });

  it.each([4000, 86_400_000])(
    "waits its three seconds also when the clock is set ahead by %d ms",
    async (byMs) => {
      await tree.remove("one");
      await tree.pass(1000);
      tree.clock.jumpTo(tree.clock.now() + byMs);
      await tree.pass(0);
      await tree.write("one");
      await tree.pass(60_000);
      expect(tree.isDeleted("one")).toBe(false);
      expect(tree.noted).toEqual([]);
      await tree.remove("one");
      tree.clock.jumpTo(tree.clock.now() + byMs);
      await tree.pass(3100);
      await tree.pass(3100);
      await waitFor("one is deleted", () => tree.isDeleted("one"));
    },
  );

  it("deletes its object also when the clock is set back by a day meanwhile", async () => {
    await tree.remove("one");
    tree.clock.jumpTo(tree.clock.now() - 86_400_000);
    await tree.remove("two");
    await tree.pass(3100);
    await tree.pass(3100);
    await waitFor("one is deleted", () => tree.isDeleted("one"));
  });

  it("is told of also when its deletion cannot be written yet, as nobody would look at it", async () => {
    fill(tree.store);
    await tree.remove("one");
    await tree.pass(3100);
    await waitFor("one is deleted", () => tree.isDeleted("one"));
    expect(tree.happenings.filter(({ reason }) => reason === "SpecDeleted")).toHaveLength(1);
  });

  it("is held back with many others, and let through by the token of exactly this set", async () => {
    await tree.remove("one", "two", "three", "four");
    await tree.pass(3100);
    await waitFor("it is held back", () => tree.desk.blocked().length === 1);
    const [blocked] = tree.desk.blocked();
    expect(blocked?.objects).toEqual(["alice/four", "alice/one", "alice/three", "alice/two"]);
    expect(tree.store.get("ContainerSpec", "alice/one")?.pruneBlocked?.reason).toBe("PruneBlocked");

    await expect(tree.desk.confirm("00000000", "root")).rejects.toThrow(
      'nothing is held back under "00000000"',
    );
    await tree.desk.confirm(blocked?.token ?? "", "root");
    expect(["one", "two", "three", "four"].map((name) => tree.isDeleted(name))).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(tree.isDeleted("five")).toBe(false);
  });

  it("is held back under the revision that removes it, and a confirmation of an earlier one is refused", async () => {
    const at = async (revision: string): Promise<void> => {
      tree.sink.report({
        attemptedAt: 0,
        revision,
        appliedRevision: revision,
        appliedAt: 0,
        failure: null,
      });
      await tree.ingest.settled();
    };
    const [first, readme, second] = ["a", "b", "c"].map((digit) => digit.repeat(40)) as [
      string,
      string,
      string,
    ];
    const blockedAt = async (revision: string): Promise<void> => {
      await tree.pass(3100);
      await waitFor("the set of that revision", () => tree.desk.blocked()[0]?.revision === revision);
    };
    await tree.remove("one", "two", "three", "four");
    await at(first);
    await blockedAt(first);
    expect(tree.desk.blocked()[0]?.reason).toContain("ds01 prune --confirm aaaaaaaaaaaa");
    // A revision that removes nothing more leaves what was shown as it is.
    await at(readme);
    tree.sink.synced(2);
    await blockedAt(first);

    await tree.remove("five");
    await at(second);
    // Not even before it is judged anew: nobody has seen that five goes.
    await expect(tree.desk.confirm(first, "root")).rejects.toThrow("what waits now is");
    await blockedAt(second);
    await expect(tree.desk.confirm(first, "root")).rejects.toThrow("what waits now is cccccccccccc (token ");
    await expect(tree.desk.confirm(readme, "root")).rejects.toThrow("alice/five");
    expect(["one", "two", "three", "four", "five"].filter((name) => tree.isDeleted(name))).toEqual([]);

    await tree.desk.confirm(second.slice(0, 12), "root");
    const all = ["one", "two", "three", "four", "five", "six"];
    expect(all.filter((name) => !tree.isDeleted(name))).toEqual(["six"]);
  });

  it.each([
    ["disabled", false],
    ["confirm", true],
    ["perhaps", true],
  ])(
    "is kept where its annotation ds01.io/prune is %s, until somebody says so",
    async (rule, isConfirmed) => {
      const text = spec("kept").replace("name: kept", `name: kept, annotations: {ds01.io/prune: ${rule}}`);
      const path = pathOf("kept");
      tree.sink.upsert({ path, text, contentHash: text, ownerUid: null, ownerName: null });
      await tree.ingest.settled();
      await tree.remove("kept");
      await tree.pass(60_000);
      const stored = () => tree.store.get("ContainerSpec", "alice/kept");
      await waitFor(
        "it to be kept",
        () => stored()?.pruneBlocked?.message.includes("ds01.io/prune") === true,
      );
      expect(tree.isDeleted("kept")).toBe(false);

      const [blocked] = tree.desk.blocked();
      if (isConfirmed) await tree.desk.confirm(blocked?.token ?? "", "root");
      else {
        expect(blocked).toBeUndefined();
        // Others are removed as ever.
        await tree.remove("one");
        await tree.pass(4000);
        await waitFor("one is deleted", () => tree.isDeleted("one"));
        tree.desk.expect({ kind: "ContainerSpec", namespace: "alice", name: "kept" }, "alice");
        tree.desk.vanished({ kind: "ContainerSpec", namespace: "alice", name: "kept" });
        await tree.pass(10);
      }
      await waitFor("it is deleted", () => tree.isDeleted("kept"));
    },
  );

  it("is held back when the user's whole directory is gone", async () => {
    tree.missing.add("users/alice");
    await tree.remove("one");
    await tree.pass(10_000);
    await waitFor("it is held back", () => tree.desk.blocked().length === 1);
    expect(tree.desk.blocked()[0]?.reason).toContain("users/alice is gone as a whole");
    expect(tree.isDeleted("one")).toBe(false);
  });

  it("goes at once when its removal was asked for, but the permission does not outlive the moment", async () => {
    tree.desk.expect({ kind: "ContainerSpec", namespace: "alice", name: "one" }, "alice");
    await tree.remove("one");
    await tree.pass(1);
    await waitFor("one is deleted", () => tree.isDeleted("one"));

    tree.desk.expect({ kind: "ContainerSpec", namespace: "alice", name: "two" }, "alice");
    await tree.pass(31_000);
    await tree.remove("two");
    await tree.pass(1000);
    expect(tree.isDeleted("two")).toBe(false);
  });

  it("changes nothing while the source cannot be read", async () => {
    tree.sink.unavailable("no such directory");
    await tree.remove("one");
    await tree.pass(60_000);
    expect(tree.isDeleted("one")).toBe(false);
  });
});

describe("a second file that declares an object", () => {
  const text = (command: string): string => spec("one").replace("image: x", `image: x, args: [${command}]`);
  const upsert = (tree: Tree, file: string, content: string): void => {
    const path = `users/alice/${file}.yaml`;
    tree.sink.upsert({ path, text: content, contentHash: content, ownerUid: null, ownerName: null });
  };

  it("does not take the place of the last good one when it is read first after a restart", async () => {
    const before = new Tree();
    upsert(before, "one", text("good"));
    before.sink.synced(1);
    await before.ingest.settled();
    const good = before.store.get("ContainerSpec", "alice/one");

    const after = new Tree(before.store);
    upsert(after, "copy", text("other"));
    upsert(after, "one", text("good"));
    after.sink.synced(2);
    await after.ingest.settled();
    const stored = after.store.get("ContainerSpec", "alice/one");
    expect(stored).toMatchObject({
      spec: good?.spec,
      generation: 1,
      rejection: { reason: "IdentityConflict" },
    });
    expect(after.happenings.map(({ reason }) => reason)).toEqual(["IdentityConflict"]);
  });

  it("is in effect after a restart when it is the only one by then", async () => {
    const before = new Tree();
    upsert(before, "one", text("good"));
    await before.ingest.settled();

    const after = new Tree(before.store);
    upsert(after, "moved", text("other"));
    await after.ingest.settled();
    expect(after.store.get("ContainerSpec", "alice/one")?.generation).toBe(1);
    after.sink.synced(1);
    await after.ingest.settled();
    expect(after.store.get("ContainerSpec", "alice/one")).toMatchObject({ generation: 2, rejection: null });
  });

  it("is told of when it is broken, though it blocks nothing", async () => {
    const tree = new Tree();
    upsert(tree, "one", text("good"));
    upsert(tree, "copy", `${text("good")}  nonsense: [`);
    await tree.ingest.settled();
    expect(tree.store.get("ContainerSpec", "alice/one")?.rejection).toBeNull();
    const [told] = tree.happenings.filter(({ reason }) => reason === "SpecInvalid");
    expect(told?.message).toMatch(/^users\/alice\/copy\.yaml:\d+:\d+: .*nothing of this file is in effect/);
  });
});
