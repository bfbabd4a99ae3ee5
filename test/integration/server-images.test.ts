import { describe, expect, it, onTestFinished } from "vitest";
import { createClient } from "../../src/client/client.ts";
import { kindByWord } from "../../src/api/names.ts";
import type { ImageStatus } from "../../src/api/image.ts";
import type { ImageRecord } from "../../src/ports/control-plane.ts";
import { startApiBed } from "../support/api-bed.ts";
import type { ApiBed } from "../support/api-bed.ts";

const group = "/apis/ds01.io/v1alpha1";
const tableAccept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

function image(name: string, status: Partial<ImageStatus>): ImageRecord {
  return {
    name,
    resourceVersion: 1,
    createdAt: Date.parse("2026-01-04T08:00:00Z"),
    spec: {
      id: `sha256:${name.repeat(8)}`,
      names: [`ds01-build/x/${name}:1`, `lab/${name}:1`],
      sizeBytes: 3 * 2 ** 20,
      sharedBytes: 2 ** 20,
    },
    status: { origin: "Other", usedBy: [], prunable: false, ...status },
  };
}

async function bedWithImages(): Promise<ApiBed> {
  const bed = await startApiBed();
  bed.control.imagesHere.push(
    image("aaaaaaaa", {
      origin: "Built",
      builtFor: { namespace: "alice", name: "train" },
      prunable: true,
    }),
    image("bbbbbbbb", {
      origin: "Built",
      builtFor: { namespace: "bob", name: "train" },
      usedBy: [
        { type: "Spec", namespace: "bob", name: "train" },
        { type: "Container", namespace: "bob", name: "train" },
        { type: "Container", name: "web" },
      ],
      keptBecause: "bob/train and container web use it",
    }),
    image("cccccccc", { usedBy: [{ type: "Container", namespace: "alice", name: "notebook" }] }),
    image("dddddddd", { origin: "Aliased", aliases: [{ name: "lab/dddddddd:1", users: ["bob"] }] }),
  );
  return bed;
}

function namesIn(list: unknown): readonly string[] {
  return (list as { items: { metadata: { name: string } }[] }).items.map(({ metadata }) => metadata.name);
}

describe("images", () => {
  it("are looked at when somebody asks, and shown to those whom they concern", async () => {
    const bed = await bedWithImages();
    expect(namesIn(await bed.json(`${group}/images`))).toEqual([
      "aaaaaaaa",
      "bbbbbbbb",
      "cccccccc",
      "dddddddd",
    ]);
    bed.actAs("alice");
    expect(namesIn(await bed.json(`${group}/images`))).toEqual(["aaaaaaaa", "cccccccc"]);
    expect(await bed.call("GET", `${group}/images/bbbbbbbb`)).toMatchObject({ code: 404 });
    bed.actAs("bob");
    expect(namesIn(await bed.json(`${group}/images`))).toEqual(["bbbbbbbb", "dddddddd"]);
    expect(await bed.json(`${group}/images/bbbbbbbb`)).toMatchObject({
      kind: "Image",
      metadata: { name: "bbbbbbbb", creationTimestamp: "2026-01-04T08:00:00Z" },
      spec: { names: ["ds01-build/x/bbbbbbbb:1", "lab/bbbbbbbb:1"] },
      status: { origin: "Built", prunable: false },
    });
    expect(await bed.call("DELETE", `${group}/images/bbbbbbbb`)).toMatchObject({ code: 405 });
  });

  it("have a table that says what made them, who uses them and why they stay", async () => {
    const bed = await bedWithImages();
    const table = (await bed.json(`${group}/images`, tableAccept)) as {
      columnDefinitions: { name: string; priority: number }[];
      rows: { cells: unknown[] }[];
    };
    expect(table.columnDefinitions.filter(({ priority }) => priority === 0).map(({ name }) => name)).toEqual([
      "ID",
      "Image",
      "Size",
      "Age",
      "Origin",
      "Used-By",
      "Prunable",
    ]);
    const name = (letter: string): string => `ds01-build/x/${letter.repeat(8)}:1 and 1 more`;
    expect(table.rows.map(({ cells }) => cells.slice(1, 8))).toEqual([
      [name("a"), "3Mi", "24h", "built for alice/train", "", "yes", ""],
      [
        name("b"),
        "3Mi",
        "24h",
        "built for bob/train",
        "bob/train,container web",
        "no",
        "bob/train and container web use it",
      ],
      [name("c"), "3Mi", "24h", "pulled or local", "alice/notebook", "no", ""],
      [name("d"), "3Mi", "24h", "lab/dddddddd:1 is an alias of bob", "", "no", ""],
    ]);
  });

  it("are looked at again while somebody watches them", async () => {
    const bed = await bedWithImages();
    const client = createClient(bed.socketPath);
    const kind = kindByWord("img");
    if (kind === undefined) throw new Error("images have no such word");
    const end = new AbortController();
    onTestFinished(() => end.abort());
    const watching = client.watch(kind, { signal: end.signal });
    for (let seen = 0; seen < 4; seen += 1) await watching.next();
    bed.control.imagesHere.push(image("eeeeeeee", {}));
    const next = watching.next();
    bed.clock.advance(5000);
    expect(await next).toMatchObject({
      value: { type: "ADDED", object: { metadata: { name: "eeeeeeee" } } },
    });
  });

  it("leave the watch of whom they no longer concern, and enter it as new ones", async () => {
    const bed = await bedWithImages();
    bed.actAs("alice");
    const client = createClient(bed.socketPath);
    const kind = kindByWord("img");
    if (kind === undefined) throw new Error("images have no such word");
    const end = new AbortController();
    onTestFinished(() => end.abort());
    const watching = client.watch(kind, { signal: end.signal });
    for (let seen = 0; seen < 2; seen += 1) await watching.next();
    const usedByAlice = { usedBy: [{ type: "Container", namespace: "alice", name: "notebook" } as const] };
    const look = (...images: readonly ImageRecord[]): void => {
      bed.control.imagesHere.splice(0, Number.POSITIVE_INFINITY, ...images);
      bed.clock.advance(5000);
    };
    const gone = watching.next();
    look({ ...image("cccccccc", {}), resourceVersion: 2 });
    expect(await gone).toMatchObject({
      value: { type: "DELETED", object: { metadata: { name: "cccccccc" }, status: usedByAlice } },
    });
    const back = watching.next();
    look({ ...image("cccccccc", usedByAlice), resourceVersion: 3 });
    expect(await back).toMatchObject({
      value: { type: "ADDED", object: { metadata: { name: "cccccccc" } } },
    });
  });
});

describe("pruning images", () => {
  const everything = { namespace: null, olderThan: null, images: null, dryRun: false };

  it("is for one's own, and for an admin everybody's", async () => {
    const bed = await bedWithImages();
    const client = createClient(bed.socketPath);
    await client.pruneImages({ ...everything, olderThan: "7d", images: ["aaaaaaaa"], dryRun: true });
    bed.actAs("alice");
    await client.pruneImages(everything);
    await client.pruneImages({ ...everything, namespace: "alice" });
    await expect(client.pruneImages({ ...everything, namespace: "bob" })).rejects.toMatchObject({
      reason: "Forbidden",
    });
    bed.actAs("carol");
    await client.pruneImages({ ...everything, namespace: "bob" });
    const olderThanMs = 7 * 86_400_000;
    const plain = { olderThanMs: null, images: null, dryRun: false };
    expect(bed.control.imagePrunes).toEqual([
      { namespace: null, olderThanMs, images: ["aaaaaaaa"], dryRun: true, by: "root" },
      { ...plain, namespace: "alice", by: "alice" },
      { ...plain, namespace: "alice", by: "alice" },
      { ...plain, namespace: "bob", by: "carol" },
    ]);
  });

  it.each([
    "",
    "{}",
    '{"namespace": null, "olderThan": "7", "images": null, "dryRun": false}',
    '{"namespace": null, "olderThan": "99999999999999w", "images": null, "dryRun": false}',
  ])("needs a whole request: %s", async (body) => {
    const bed = await bedWithImages();
    expect(await bed.call("POST", `${group}/image-prunes`, { body })).toMatchObject({ code: 400 });
    expect(bed.control.imagePrunes).toEqual([]);
  });

  it("that were to go and stay after all name nobody else's containers", async () => {
    const bed = await startApiBed();
    const builtFor = { namespace: "alice", name: "train" };
    const usedBy = [
      { type: "Spec" as const, ...builtFor },
      { type: "Container" as const, namespace: "bob", name: "secret" },
    ];
    const kept = { origin: "Built" as const, builtFor, prunable: false };
    bed.control.keptImages = [
      { name: "a", why: "alice/train and bob/secret use it", status: { ...kept, usedBy } },
      { name: "b", why: "alice/train uses it", status: { ...kept, usedBy: usedBy.slice(0, 1) } },
      { name: "c", why: "container 0123456789ab uses it", status: null },
    ];
    const client = createClient(bed.socketPath);
    const whyKept = async (): Promise<readonly string[]> => {
      const request = { namespace: null, olderThan: null, images: null, dryRun: false };
      return (await client.pruneImages(request)).kept.map(({ why }) => why);
    };
    bed.actAs("alice");
    expect(await whyKept()).toEqual([
      "alice/train uses it, and so do others",
      "alice/train uses it",
      "Docker keeps it: something uses it",
    ]);
    const { text } = await bed.call("POST", `${group}/image-prunes`, {
      body: JSON.stringify({ namespace: null, olderThan: null, images: null, dryRun: false }),
    });
    expect(text).not.toMatch(/bob|status/);
    bed.actAs("carol");
    expect(await whyKept()).toEqual(bed.control.keptImages.map(({ why }) => why));
  });
});
