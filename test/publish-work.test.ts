import { expect, test } from "vitest";
import { Ingest } from "../src/controller/ingest.ts";
import { SourceBook } from "../src/controller/source-book.ts";
import { SpecIndex } from "../src/controller/spec-index.ts";
import type { SpecIdentity } from "../src/api/identity.ts";
import type { Happening } from "../src/ports/event-sink.ts";
import { MemoryStore } from "./support/memory-store.ts";
import { silentLog } from "./support/silent-log.ts";

/** Counts how often somebody asks which files speak about an object, and how many files are parsed. */
class CountingIndex extends SpecIndex {
  asked = 0;
  parsed = 0;

  override upsert(...file: Parameters<SpecIndex["upsert"]>): ReturnType<SpecIndex["upsert"]> {
    this.parsed += 1;
    return super.upsert(...file);
  }

  override filesOf(identity: SpecIdentity): ReturnType<SpecIndex["filesOf"]> {
    this.asked += 1;
    return super.filesOf(identity);
  }
}

function ingesting() {
  const index = new CountingIndex(() => []);
  const happenings: Happening[] = [];
  const store = new MemoryStore();
  const changed: string[] = [];
  const place = { type: "git", url: "/specs.git" } as const;
  const book = new SourceBook([{ name: "lab", place }], () => undefined);
  const ingest = new Ingest({
    store,
    index,
    book,
    events: { record: (happening) => void happenings.push(happening) },
    log: silentLog(),
    now: () => 0,
    uidFor: ({ name }) => `uid-${name}`,
    noted: (_before, next) => next,
    onChange: (...change) => void changed.push(JSON.stringify(change)),
    prunes: {
      vanished: () => undefined,
      returned: () => undefined,
      expect: () => undefined,
      synced: async () => undefined,
      unavailable: () => undefined,
    },
  });
  return { index, ingest, happenings, store, changed, sink: ingest.sinkOf("lab") };
}

const file = (name: string, text: string) => ({
  path: `users/alice/${name}.yaml`,
  text,
  contentHash: text,
  ownerUid: null,
  ownerName: null,
});
const good = (name: string): string =>
  `apiVersion: ds01.io/v1alpha1\nkind: ContainerSpec\nmetadata: {name: ${name}}\nspec: {image: x}\n`;

async function askedFor(count: number): Promise<number> {
  const { index, ingest, sink } = ingesting();
  const upserts = Array.from({ length: count }, (_, place) => file(`c${place}`, good(`c${place}`)));
  sink.publish({ upserts, refusals: [], removals: [] });
  await ingest.settled();
  return index.asked;
}

test("a revision of many files is taken in with work that grows with their number, not with its square", async () => {
  const [few, many] = [await askedFor(50), await askedFor(500)];
  expect(many).toBe(few * 10);
  expect(many).toBeLessThanOrEqual(500 * 3);
});

/** What a revision that changes one file of so many costs. */
async function workOfOne(count: number): Promise<Readonly<Record<string, number>>> {
  const { index, ingest, store, changed, sink } = ingesting();
  const upserts = Array.from({ length: count }, (_, place) => file(`c${place}`, good(`c${place}`)));
  sink.publish({ upserts, refusals: [], removals: [] });
  sink.synced(count);
  await ingest.settled();
  [index.asked, index.parsed, changed.length] = [0, 0, 0];
  const written = new Set<string>();
  let writes = 0;
  store.afterPut = ({ name }) => {
    writes += 1;
    written.add(name);
  };
  const next = file("c7", good("c7").replace("image: x", "image: y"));
  sink.publish({ upserts: [next], refusals: [], removals: [] });
  sink.synced(count);
  await ingest.settled();
  expect([...written]).toEqual(["c7"]);
  return { asked: index.asked, parsed: index.parsed, writes, changed: changed.length };
}

test("a revision that changes one file of a thousand costs what it costs with ten", async () => {
  const many = await workOfOne(1000);
  expect(many).toEqual(await workOfOne(10));
  expect(many).toMatchObject({ parsed: 1, writes: 1 });
});

test("a broken file of a revision that no object shows is told of all the same", async () => {
  const { ingest, sink, happenings } = ingesting();
  const broken = `${good("one")}  nonsense: [`;
  sink.publish({ upserts: [file("one", good("one")), file("copy", broken)], refusals: [], removals: [] });
  await ingest.settled();
  const told = happenings.filter(({ reason }) => reason === "SpecInvalid");
  expect(told).toHaveLength(1);
  expect(told[0]?.message).toMatch(/^users\/alice\/copy\.yaml:.*nothing of this file is in effect/);
});
