import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { kindByWord } from "../../src/api/names.ts";
import type { KindName } from "../../src/api/names.ts";
import { startHost } from "../e2e/host.ts";
import type { Host } from "../e2e/host.ts";
import { quotaSpec } from "../e2e/spec-text.ts";
import { GitBed } from "../support/git-repository.ts";
import { sampleFolder, sampleProcess } from "./outside.ts";
import type { ProcessSample } from "./outside.ts";

/** What the controller tells of itself: see inside.mjs. */
export interface InsideSample {
  readonly at: number;
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly resources: Readonly<Record<string, number>>;
  readonly listeners: number;
  readonly crowded: Readonly<Record<string, number>>;
  readonly objects: Readonly<Record<string, number>>;
  readonly loopMs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly warnings: readonly string[];
}

/** Sizes of what is written, and what is left in the engine. */
export interface WrittenSample {
  readonly at: number;
  readonly logBytes: number;
  readonly stateBytes: number;
  readonly stateFiles: number;
  readonly events: number;
  /** Changes of objects so far, all kinds together. */
  readonly changes: number;
  readonly containers: number;
  /** Processes run in containers that the engine still has a record of. */
  readonly execs: number;
  /** Streams of events that the engine holds open. */
  readonly eventStreams: number;
}

/** A machine whose specs come from a directory and from Git, with a controller that can be looked into. */
export interface SoakHost {
  readonly host: Host;
  readonly git: GitBed;
  /** Writes a spec of the directory by rename. */
  drop(path: string, text: string): void;
  /** Removes one; false when there is none. */
  removeFile(path: string): void;
  outside(): ProcessSample;
  inside(): readonly InsideSample[];
  written(): Promise<WrittenSample>;
  stop(): Promise<void>;
}

/** Starts an engine with four simulated cards and a controller on it; `sampleMs` is how often it looks into itself. */
export async function startSoakHost(sampleMs: number): Promise<SoakHost> {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), "ds01-soak-"));
  const [specs, samples] = [join(folder, "specs"), join(folder, "inside.jsonl")];
  for (const path of [join(specs, "users/alice"), join(specs, "quotas")])
    mkdirSync(path, { recursive: true });
  writeFileSync(samples, "");
  const git = new GitBed(join(folder, "git"));
  // A source without any spec counts as empty, which is held back.
  git.write("quotas/lab.yaml", quotaSpec("lab", { subjects: { users: ["gina"] }, maxContainers: 10 }));
  git.push();
  Object.assign(process.env, {
    SOAK_SAMPLES: samples,
    SOAK_SAMPLE_MS: String(sampleMs),
    NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, "inside.mjs")).href}`,
  });
  const host = await startHost({
    name: "soak",
    nvidia: "4xA100-80GB",
    liveRestore: true,
    configuration: configurationOf(specs, git.bare),
  });
  return {
    host,
    git,
    drop(path, text) {
      const target = join(specs, path);
      const draft = join(dirname(target), `.${path.split("/").at(-1)}.draft`);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(draft, text);
      renameSync(draft, target);
    },
    removeFile: (path) => rmSync(join(specs, path), { force: true }),
    outside: () => sampleProcess(host.controller.child.pid ?? 0),
    inside: () =>
      readFileSync(samples, "utf8")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as InsideSample),
    written: async () => sampleWritten(host),
    async stop() {
      await host.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configurationOf(specs: string, repository: string): string {
  return `trust: path
sources:
  - name: local
    directory: { path: ${specs} }
  - name: lab
    git: { url: ${repository}, ref: main, interval: 30s }
`;
}

function containerKind(): KindName {
  const found = kindByWord("container");
  if (found === undefined) throw new Error("there are no containers");
  return found;
}

async function sampleWritten(host: Host): Promise<WrittenSample> {
  const state = sampleFolder(host.stateDir);
  const events = readFileSync(join(host.logDir, "events.jsonl"), "utf8").split("\n").length - 1;
  const { docker } = host.engine;
  const containers = await docker.listContainers({ all: true });
  // One may go between the two questions.
  const inspected = await Promise.all(
    containers.map(async ({ Id }) => docker.getContainer(Id).inspect().catch(unlessGone)),
  );
  const { metadata } = await host.client.list(containerKind(), {});
  const info = (await docker.info()) as { NEventsListener?: number };
  return {
    at: Date.now(),
    logBytes: Buffer.byteLength(host.controller.stderr) + sampleFolder(host.logDir).bytes,
    stateBytes: state.bytes,
    stateFiles: state.files,
    events,
    changes: Number(metadata.resourceVersion),
    containers: containers.length,
    execs: inspected.flatMap((one) => (one?.ExecIDs as unknown as string[] | null) ?? []).length,
    eventStreams: info.NEventsListener ?? 0,
  };
}

function unlessGone(error: unknown): undefined {
  if ((error as { statusCode?: number }).statusCode !== 404) throw error;
}
