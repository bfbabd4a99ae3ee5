import { describe, expect, it } from "vitest";
import {
  appendDocument,
  editDocument,
  findDocument,
  namesNothing,
  readDocument,
  removeDocument,
  replaceDocument,
} from "./spec-text.ts";

const two = `# both of mine
---
apiVersion: ds01.io/v1alpha1
kind: ContainerSpec
metadata: {name: one}   # the first
spec:
  # what runs
  image: busybox        # small
  gpus: {count: 1}
---
kind: ContainerSpec
metadata: {name: two, namespace: alice}
spec: {image: busybox}
`;
const one = { kind: "ContainerSpec", namespace: "alice", name: "one" };
const second = { kind: "ContainerSpec", namespace: "alice", name: "two" };

function sliceOf(text: string, identity: typeof one): NonNullable<ReturnType<typeof findDocument>> {
  const slice = findDocument(text, identity);
  if (slice === undefined) throw new Error("not found");
  return slice;
}

function containerOf(name: string): string {
  return `kind: ContainerSpec\nmetadata: {name: ${name}}\n`;
}

describe("findDocument", () => {
  it("finds the document of an object, whether or not it names its namespace", () => {
    expect(sliceOf(two, one)).toMatchObject({ start: two.indexOf("---"), documents: 2 });
    expect(two.slice(sliceOf(two, second).start)).toBe(two.slice(two.lastIndexOf("---")));
  });

  it("does not take the object of another namespace or kind", () => {
    expect(findDocument(two, { ...second, namespace: "bob" })).toBeUndefined();
    expect(findDocument(two, { ...one, kind: "QuotaSpec" })).toBeUndefined();
  });
});

describe("replaceDocument and removeDocument", () => {
  it("leave every character of the other documents", () => {
    const replaced = replaceDocument(
      two,
      sliceOf(two, second),
      "kind: ContainerSpec\nmetadata: {name: two}\n",
    );
    expect(replaced).toBe(
      `${two.slice(0, two.lastIndexOf("---"))}---\nkind: ContainerSpec\nmetadata: {name: two}\n`,
    );
    expect(removeDocument(two, sliceOf(two, second))).toBe(two.slice(0, two.lastIndexOf("---")));
    const rest = removeDocument(two, sliceOf(two, one)) ?? "";
    expect(readDocument(rest)).toMatchObject({ metadata: { name: "two" } });
  });

  it("leave nothing of a file that held one object", () => {
    const text = "kind: ContainerSpec\nmetadata: {name: one}\n";
    expect(removeDocument(text, sliceOf(text, one))).toBeNull();
    expect(replaceDocument(text, sliceOf(text, one), "kind: X")).toBe("kind: X");
  });

  it("take the comments above a document for its own, unless a --- sets them apart", () => {
    const text = `# run\n${containerOf("one")}---\n${containerOf("two")}`;
    expect(sliceOf(text, one).start).toBe(0);
    expect(sliceOf(two, one).start).toBe(two.indexOf("---"));
    expect(replaceDocument(text, sliceOf(text, one), "# new\nkind: X\n")).toBe(
      `# new\nkind: X\n---\n${containerOf("two")}`,
    );
  });

  it("keep documents apart when one is added", () => {
    const text = appendDocument("kind: A", "kind: B\n");
    expect(text).toBe("kind: A\n---\nkind: B\n");
  });
});

describe("editDocument", () => {
  const text = two.slice(0, two.lastIndexOf("---")).replace("# both of mine\n---\n", "");

  it("changes a single value and no other character", () => {
    expect(editDocument(text, { spec: { image: "alpine:3.20" } })).toBe(
      text.replace("busybox", "alpine:3.20"),
    );
  });

  it("adds a single value below the line of its map and moves nothing else", () => {
    expect(editDocument(text, { spec: { desiredState: "Stopped" } })).toBe(
      text.replace("spec:\n", "spec:\n  desiredState: Stopped\n"),
    );
  });

  it("quotes what would otherwise be taken for something else", () => {
    for (const value of ["true", "007", "a: b", "", "null", "x #y", "1.5"]) {
      const edited = editDocument(text, { spec: { image: value } });
      expect(readDocument(edited)).toMatchObject({ spec: { image: value } });
    }
  });

  it("keeps the comments when whole maps and lists come or go", () => {
    const edited = editDocument(text, {
      metadata: { labels: { team: "vision" } },
      spec: { gpus: null, args: ["a", "b"] },
    });
    expect(edited).toContain("# what runs");
    expect(edited).toContain("# small");
    expect(edited).toContain("# the first");
    expect(readDocument(edited)).toEqual({
      apiVersion: "ds01.io/v1alpha1",
      kind: "ContainerSpec",
      metadata: { name: "one", labels: { team: "vision" } },
      spec: { image: "busybox", args: ["a", "b"] },
    });
  });

  it("keeps the comments of the items of a list that stay, change or move", () => {
    const text = `spec:
  image: busybox
  env:
    # where the data is
    - name: DATA # on the fast disk
      value: /data
    # how much it says
    - { name: LEVEL, value: "1" } # quiet
    - name: OLD # not used any more
      value: x
  command:
    - sh
    # as root
    - -c
`;
    const env = [
      { name: "LEVEL", value: "2" },
      { name: "NEW", value: "y" },
      { name: "DATA", value: "/data" },
    ];
    expect(editDocument(text, { spec: { env, command: ["sh", "-x", "-c"] } })).toBe(`spec:
  image: busybox
  env:
    # how much it says
    - { name: LEVEL, value: "2" } # quiet
    - name: NEW
      value: y
    # where the data is
    - name: DATA # on the fast disk
      value: /data
  command:
    - sh
    - -x
    # as root
    - -c
`);
  });

  it("keeps JSON files JSON", () => {
    const json = '{"kind": "ContainerSpec", "metadata": {"name": "one"}, "spec": {"image": "a"}}';
    expect(JSON.parse(editDocument(json, { spec: { image: "b", args: ["x"] } }))).toMatchObject({
      spec: { image: "b", args: ["x"] },
    });
    expect(editDocument(json, { spec: { image: "b" } })).toBe(json.replace('"a"', '"b"'));
  });

  it("refuses to change a field that others share through an anchor", () => {
    const shared = "metadata: {name: one}\nspec:\n  env: &e {a: 1}\n  other: *e\n";
    expect(() => editDocument(shared, { spec: { env: { a: 2 } } })).toThrow("shared with others");
  });

  it("refuses a text that cannot be read", () => {
    expect(() => editDocument("spec: [", { spec: { image: "a" } })).toThrow("cannot be read");
    expect(() => editDocument("[".repeat(100_000), { spec: { image: "a" } })).toThrow("cannot be read");
  });
});

describe("namesNothing", () => {
  it("is true only when no object of the file could be lost", () => {
    expect(namesNothing("kind: ContainerSpec\n  broken: [\n")).toBe(true);
    expect(namesNothing("")).toBe(true);
    expect(namesNothing(two)).toBe(false);
  });
});
