import { expect, test } from "vitest";
import { Ingest } from "../src/controller/ingest.ts";
import { SourceBook } from "../src/controller/source-book.ts";
import { SpecIndex } from "../src/controller/spec-index.ts";
import type { SpecIdentity } from "../src/api/identity.ts";
import type { Happening } from "../src/ports/event-sink.ts";
import { MemoryStore } from "./support/memory-store.ts";
import { silentLog } from "./support/silent-log.ts";

/** Counts how often somebody asks which files speak about an object. */
class CountingIndex extends SpecIndex {
  asked = 0;

  override filesOf(identity: SpecIdentity): ReturnType<SpecIndex["filesOf"]> {
    this.asked += 1;
    return super.filesOf(identity);
  }
}

function ingesting() {
  const index = new CountingIndex(() => []);
  const happenings: Happening[] = [];
  const place = { type: "git", url: "/specs.git" } as const;
  const book = new SourceBook([{ name: "lab", place }], () => undefined);
  const ingest = new Ingest({
    store: new MemoryStore(),
    index,
    book,
    events: { record: (happening) => void happenings.push(happening) },
    log: silentLog(),
    now: () => 0,
    uidFor: ({ name }) => `uid-${name}`,
    noted: (_before, next) => next,
    onChange: () => undefined,
    prunes: {
      vanished: () => undefined,
      returned: () => undefined,
      expect: () => undefined,
      synced: async () => undefined,
      unavailable: () => undefined,
    },
  });
  return { index, ingest, happenings, sink: ingest.sinkOf("lab") };
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

test("a broken file of a revision that no object shows is told of all the same", async () => {
  const { ingest, sink, happenings } = ingesting();
  const broken = `${good("one")}  nonsense: [`;
  sink.publish({ upserts: [file("one", good("one")), file("copy", broken)], refusals: [], removals: [] });
  await ingest.settled();
  const told = happenings.filter(({ reason }) => reason === "SpecInvalid");
  expect(told).toHaveLength(1);
  expect(told[0]?.message).toMatch(/^users\/alice\/copy\.yaml:.*nothing of this file is in effect/);
});
