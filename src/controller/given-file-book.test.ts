import { expect, test } from "vitest";
import { MemoryIdentity } from "../../test/support/memory-identity.ts";
import { record, spec } from "../../test/support/world-builder.ts";
import type { ContainerRecord } from "../core/record.ts";
import { givenFiles, type GivenVariables } from "../core/given-files/given-file.ts";
import type { ReadFile } from "../ports/owner-files.ts";
import { GivenFileBook, type GivenFileBookOptions } from "./given-file-book.ts";

function objectOf(namespace: string): ContainerRecord {
  const asked = spec({ envFrom: [{ file: { path: "a.env" } }] });
  const source = { ...record().source, path: `users/${namespace}/job.yaml` };
  return record({ namespace, uid: `uid-${namespace}`, spec: asked, source });
}

test("who has files that take long to read keeps nobody else from theirs", async () => {
  let now = 0;
  const options = {
    ownerFiles: {
      read: async (_path: string, _bytes: number, { name }: { readonly name: string }) =>
        name === "bob" ? { type: "content", content: Buffer.from("A=1\n") } : new Promise(() => undefined),
    },
    identity: new MemoryIdentity(),
    hostPaths: {},
    volumes: { specsRoot: "/specs" },
    clock: { now: () => now },
  } as unknown as GivenFileBookOptions;
  const identity = new MemoryIdentity().add("alice", 1001).add("bob", 1002);
  const book = new GivenFileBook(options);
  const look = async (namespace: string): Promise<string | undefined> => {
    const owner = (await identity.accountOf(namespace)) ?? null;
    return (await book.look(objectOf(namespace), { owner, hostPaths: new Map(), containers: [] }))?.reason;
  };
  for (let object = 0; object < 4; object += 1) {
    void look("alice");
    await Promise.resolve();
    now += 2000;
  }
  expect(await look("bob")).toBeUndefined();
});

test("who waits for a GPU for long stays ready for it, whoever else is looked at meanwhile", async () => {
  let now = 0;
  const options = {
    ownerFiles: { read: async () => ({ type: "content", content: Buffer.from("A=1\n") }) },
    volumes: { specsRoot: "/specs" },
    clock: { now: () => now },
  } as unknown as GivenFileBookOptions;
  const identity = new MemoryIdentity().add("alice", 1001).add("bob", 1002);
  const book = new GivenFileBook(options);
  for (const namespace of ["bob", "alice"]) {
    const owner = (await identity.accountOf(namespace)) ?? null;
    await book.look(objectOf(namespace), { owner, hostPaths: new Map(), containers: [] });
    now += 7_200_000;
  }
  expect(book.usable(objectOf("bob"))).toBe(true);
});

test("a file of one user that is gone says nothing of those of others", async () => {
  let found: ReadFile = { type: "content", content: Buffer.from("A=1\n") };
  const options = {
    ownerFiles: { read: async () => found },
    identity: new MemoryIdentity().add("alice", 1001).add("bob", 1002),
    hostPaths: { inspect: async () => ({ kind: "File" }) },
    volumes: { specsRoot: "/specs" },
    clock: { now: () => 0 },
  } as unknown as GivenFileBookOptions;
  const book = new GivenFileBook(options);
  const [alice, bob] = [objectOf("alice"), objectOf("bob")];
  for (const one of [alice, bob]) {
    const owner = (await options.identity.accountOf(one.namespace)) ?? null;
    await book.look(one, { owner, hostPaths: new Map(), containers: [] });
    expect(book.usable(one)).toBe(true);
  }
  found = { type: "missing" };
  const files = givenFiles(alice.spec ?? {}, { specsRoot: "/specs", sourcePath: alice.source.path });
  await expect(book.variables(files as readonly GivenVariables[], alice)).rejects.toMatchObject({
    reason: "EnvFileNotFound",
  });
  expect(book.usable(alice)).toBe(false);
  expect(book.usable(bob)).toBe(true);
});

test("files beside a spec are those of its own source, and must not lead out of that", async () => {
  const read: string[] = [];
  const options = {
    ownerFiles: {
      read: async (path: string) => {
        read.push(path);
        return { type: "content", content: Buffer.from("A=1\n") };
      },
    },
    volumes: { specsRoot: "/specs", sourceRoots: { lab: "/lab" } },
    clock: { now: () => 0 },
  } as unknown as GivenFileBookOptions;
  const owner = (await new MemoryIdentity().add("alice", 1001).accountOf("alice")) ?? null;
  const plain = objectOf("alice");
  const object = { ...plain, source: { ...plain.source, source: "lab" } };
  const fact = (realPath: string) =>
    new Map([["/lab/users/alice/a.env", { realPath, kind: "File" as const }]]);
  const about = { owner, containers: [] };
  const inside = fact("/lab/users/alice/b.env");
  expect(await new GivenFileBook(options).look(object, { ...about, hostPaths: inside })).toBeNull();
  expect(read).toEqual(["/lab/users/alice/b.env"]);
  const outside = fact("/home/alice/a.env");
  expect(await new GivenFileBook(options).look(object, { ...about, hostPaths: outside })).toMatchObject({
    reason: "GivenFileOutside",
  });
});
