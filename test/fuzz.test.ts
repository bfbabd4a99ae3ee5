import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkedOut, revisionOf } from "../src/adapters/git/revision.ts";
import { parseTree } from "../src/adapters/git/tree-entry.ts";
import { parseCutProfiles } from "../src/adapters/gpu/parse-cut-profiles.ts";
import { parseGpuInstances } from "../src/adapters/gpu/parse-gpu-instances.ts";
import { parseList } from "../src/adapters/gpu/parse-list.ts";
import { parseDriver, parseProcesses } from "../src/adapters/gpu/parse-processes.ts";
import { knownFields, parseQuery, wantedFields } from "../src/adapters/gpu/parse-query.ts";
import { parseTopology } from "../src/adapters/gpu/parse-topology.ts";
import { convertCompose } from "../src/api/compose/convert-compose.ts";
import { readDotenv } from "../src/api/compose/dotenv.ts";
import { parseEnvFile } from "../src/api/env-file.ts";
import { parseSpecText } from "../src/api/parse.ts";
import { renderProblem } from "../src/api/problem.ts";
import { parseRunCommand } from "../src/api/run-command/parse-run-command.ts";
import { containerName, replacementName } from "../src/core/plan/container-name.ts";
import { engineVolumeName } from "../src/core/plan/wanted-mounts.ts";
import { StatusError } from "../src/server/failure.ts";
import { applyJsonPatch } from "../src/server/json-patch.ts";
import { applyMergePatch } from "../src/server/merge-patch.ts";
import { readProtobuf } from "../src/server/protobuf.ts";
import { selectorOf } from "../src/server/selector.ts";
import { parseDuration } from "../src/util/duration.ts";
import { Ds01Error } from "../src/util/errors.ts";
import { parseBytes, parseCpus } from "../src/util/quantity.ts";
import { shellWords } from "../src/util/shell-words.ts";
import { corpus, fuzzing, mutated } from "./support/fuzz.ts";

const root = join(import.meta.dirname, "..");
const specPath = "users/alice/train.yaml";

function examples(): readonly string[] {
  return readdirSync(join(root, "examples"), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => readFileSync(join(root, "examples", name), "utf8"));
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A request with such a body ends before it comes here.
    return undefined;
  }
}

/** What reads a text from outside; `more` are texts beside those of the corpus. */
interface Target {
  readonly read: (text: string) => void;
  readonly more?: () => readonly string[];
  /** Whether texts can be so long that what they cost matters. */
  readonly isLong?: true;
}

const targets: Readonly<Record<string, Target>> = {
  spec: {
    read: (text) => {
      const { documents, problems } = parseSpecText(text, { path: specPath, namespaceFromPath: "alice" });
      for (const problem of problems) expect(renderProblem(problem)).toContain(specPath);
      for (const { metadata } of documents) expect(metadata.name).toMatch(/^[a-z0-9]/);
    },
    more: examples,
    isLong: true,
  },
  "nvidia-smi-list": { read: (text) => void parseList(text) },
  "nvidia-smi-query": { read: (text) => void parseQuery(text, wantedFields) },
  "nvidia-smi-fields": { read: (text) => void knownFields(text) },
  "nvidia-smi-xml": {
    read: (text) => {
      const { version } = parseDriver(text);
      expect(version === null || typeof version === "string").toBe(true);
      parseProcesses(text);
    },
    isLong: true,
  },
  "nvidia-smi-topology": { read: (text) => void parseTopology(text) },
  "nvidia-smi-instances": { read: (text) => void parseGpuInstances(text) },
  "nvidia-smi-cut-profiles": { read: (text) => void parseCutProfiles(text, text) },
  "git-tree": {
    read: (text) => {
      const entries = parseTree(text, "");
      const options = { path: "", allowEmpty: false, maximumBytes: 1024 ** 2, before: null, appliedAt: 0 };
      checkedOut(entries);
      const { files } = revisionOf("0".repeat(40), entries, options);
      for (const { path } of files)
        expect(path.split("/")).not.toContainEqual(expect.stringMatching(/^\.*$|\0/));
    },
  },
  "env-file": { read: (text) => void parseEnvFile(Buffer.from(text)) },
  dotenv: { read: (text) => void readDotenv(text, () => undefined) },
  "run-command": {
    read: (text) => void parseRunCommand(shellWords(text) ?? text.split(" ")),
  },
  compose: {
    read: (text) => {
      const file = { path: "/srv/compose.yaml", text };
      const empty = { services: [], profiles: [], files: new Map(), home: undefined };
      convertCompose({ file, directory: "/srv", lookup: () => undefined, ...empty } as never);
    },
  },
  selector: {
    read: (text) => {
      const matches = selectorOf(new URLSearchParams({ labelSelector: text }));
      matches({ metadata: { name: "a", labels: { a: "b" } } } as never);
      selectorOf(new URLSearchParams({ fieldSelector: text }))({ metadata: { name: "a" } } as never);
    },
  },
  "json-patch": {
    read: (text) => {
      applyJsonPatch({ metadata: { name: "a" }, spec: { image: "a", env: [] } }, json(text));
      expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    },
  },
  "merge-patch": {
    read: (text) => {
      applyMergePatch({ metadata: { name: "a" }, spec: { image: "a" } }, json(text));
      expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    },
  },
  protobuf: {
    read: (text) =>
      void readProtobuf(Buffer.from(text, "latin1"), () => ({ 1: ["name", "text"], 2: ["flag", "flag"] })),
  },
  amounts: {
    read: (text) => {
      for (const read of [parseDuration, parseBytes, parseCpus]) {
        const amount = read(text);
        expect(amount === undefined || Number.isFinite(amount)).toBe(true);
      }
    },
  },
};

/** Of the processor, which a busy machine does not make longer (milliseconds). */
const longestMs = 1000;
const mostBytes = 256 * 1024 ** 2;

/** Reads it in time and space; a refusal is an answer too, when it is one of ours. */
function readOrRefuse({ read }: Pick<Target, "read">, text: string): void {
  const before = { cpu: process.cpuUsage(), ...process.memoryUsage() };
  try {
    read(text);
  } catch (error) {
    if (!(error instanceof Ds01Error) && !(error instanceof StatusError)) throw error;
  }
  const { user, system } = process.cpuUsage(before.cpu);
  const { heapUsed, external } = process.memoryUsage();
  const what = JSON.stringify(text.slice(0, 60));
  expect((user + system) / 1000, `milliseconds for ${what}`).toBeLessThan(longestMs);
  expect(heapUsed + external - before.heapUsed - before.external, `bytes for ${what}`).toBeLessThan(
    mostBytes,
  );
}

test("a reader that takes too long, or too much, is found", () => {
  const busy = (): void => {
    for (const begun = process.cpuUsage(); process.cpuUsage(begun).user < longestMs * 1000;);
  };
  expect(() => readOrRefuse({ read: busy }, "a")).toThrow("milliseconds for");
  let kept: Buffer | null = null;
  const greedy = (): void => void (kept = Buffer.alloc(mostBytes + 1));
  expect(() => readOrRefuse({ read: greedy }, "a")).toThrow("bytes for");
  expect(kept).not.toBeNull();
});

describe.each(Object.entries(targets))("whatever is given to %s", (name, target) => {
  const kept = corpus(name);
  const texts = [...kept.values(), ...(target.more?.() ?? [])];

  test.each([...kept])("must be read or refused: %s", (_, text) => {
    readOrRefuse(target, text);
  });

  test("must be read or refused", () => {
    fc.assert(
      fc.property(mutated(texts), (text) => readOrRefuse(target, text)),
      fuzzing,
    );
  });
});

describe.each(Object.entries(targets).filter(([, { isLong }]) => isLong))(
  "what is given to %s",
  (name, target) => {
    test("must not cost eight times as much squared when it is eight times as long", () => {
      // In time of the processor, which a busy machine does not change as it does that of the clock.
      for (const word of [...repeated, ...corpus(name).values()]) {
        const [short, long] = [16, 128].map((kibibytes) => {
          const unit = word.slice(0, 400);
          const text = unit.repeat(Math.ceil((kibibytes * 1024) / unit.length));
          const before = process.cpuUsage();
          readOrRefuse(target, text);
          const { user, system } = process.cpuUsage(before);
          return (user + system) / 1000;
        }) as [number, number];
        expect(
          long < 500 || long < 24 * short,
          `${JSON.stringify(word.slice(0, 60))}: ${short} ms, ${long} ms`,
        ).toBe(true);
      }
    });
  },
);

/** What parsers have been made to look at again and again. */
const repeated = [
  "a",
  "<",
  "<a",
  "<a>",
  "<!--",
  "[",
  "{",
  "(",
  "\\",
  '"',
  "'",
  " ",
  "\t",
  "\n",
  "- ",
  "a:",
  "a=",
  "&a ",
  "*a ",
  "1",
  "1.",
  "0m",
  "/",
  "${",
  "|  0",
  ",",
  "a,",
  "!",
  "%",
  "GPU0\t",
  "\0",
];

describe("names", () => {
  const words = mutated([
    "alice",
    "h.baker@hertie-school.lan",
    "__proto__",
    "a-0f1e2d3c",
    "train.ds01-2",
    "ü",
  ]);

  test("must be those that Docker takes, whoever the user is", () => {
    const grammar = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
    fc.assert(
      fc.property(words, (user) => {
        for (const name of [
          containerName(user, "train"),
          replacementName(user, "train", 2),
          engineVolumeName({ namespace: user, instance: "a" }, "data"),
        ])
          expect(name).toMatch(grammar);
      }),
      fuzzing,
    );
  });

  test("must differ where the users do", () => {
    fc.assert(
      fc.property(words, words, (one, other) => {
        if (one !== other) expect(containerName(one, "train")).not.toBe(containerName(other, "train"));
      }),
      fuzzing,
    );
  });
});
