import { mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type Docker from "dockerode";
import { canonicalJson, sha256 } from "../../src/util/hash.ts";

/** One thing in a folder: a text, a link, or bytes that are no text. */
export type ReleasedFile =
  | { readonly text: string }
  | { readonly base64: string }
  | { readonly link: string }
  | { readonly folder: true };

/** A folder by the paths in it. */
export type ReleasedFolder = Readonly<Record<string, ReleasedFile>>;

/** A container as the engine had it. */
export interface ReleasedContainer {
  readonly id: string;
  readonly name: string;
  readonly running: boolean;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly config: Docker.ContainerInspectInfo["Config"];
  readonly hostConfig: Docker.HostConfig;
}

/** What stood on a machine when a released ds01 had ended: what a later one finds at its first start. */
export interface ReleasedState {
  readonly version: string;
  readonly capturedAt: number;
  /** GPUs as the bed was asked for, and what the bed made of them since. */
  readonly nvidia: string;
  readonly gpuState: unknown;
  readonly state: ReleasedFolder;
  /** Where the specs stand; the state has their paths and hashes. */
  readonly specs: ReleasedFolder;
  /** The bare repository of the Git source. */
  readonly repository: ReleasedFolder;
  readonly configuration: string;
  readonly containers: readonly ReleasedContainer[];
}

/** What differs between two machines; stands in a fixture as `{specs}` and so on. */
export interface Places {
  readonly specs: string;
  readonly repository: string;
  readonly state: string;
  readonly cgroupRoot: string;
  readonly bootId: string;
}

const fixtures = join(import.meta.dirname, "../testdata/released");

/** The fixtures that are there, oldest release first. */
export function releasedStates(): readonly ReleasedState[] {
  return readdirSync(fixtures)
    .filter((name) => name.endsWith("-state.json"))
    .toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }))
    .map((name) => JSON.parse(readFileSync(join(fixtures, name), "utf8")) as ReleasedState);
}

/** Writes a fixture, and returns its path. */
export function writeReleasedState(released: ReleasedState, places: Places): string {
  const path = join(fixtures, `${released.version}-state.json`);
  const text = Object.entries(places).reduce(
    (rest, [name, value]) => rest.replaceAll(value, `{${name}}`),
    JSON.stringify(released, null, 1),
  );
  const moved = JSON.parse(text) as ReleasedState;
  // Places stand in records too, and their checksums are of what the fixture has.
  const state = withJson(moved.state, (value) => value);
  writeFileSync(path, `${JSON.stringify({ ...moved, state }, null, 1)}\n`);
  return path;
}

/** Everything below a folder but what `leave` names. */
export function readFolder(folder: string, leave: (path: string) => boolean = () => false): ReleasedFolder {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => ({ entry, path: join(entry.parentPath, entry.name).slice(folder.length + 1) }))
    .filter(({ path }) => !leave(path))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return Object.fromEntries(
    entries.map(({ entry, path }): [string, ReleasedFile] => {
      const full = join(folder, path);
      if (entry.isSymbolicLink()) return [path, { link: readlinkSync(full) }];
      if (entry.isDirectory()) return [path, { folder: true }];
      const bytes = readFileSync(full);
      const text = bytes.toString("utf8");
      return [path, Buffer.from(text).equals(bytes) ? { text } : { base64: bytes.toString("base64") }];
    }),
  );
}

/** Puts a folder where it was. */
export function writeFolder(folder: string, content: ReleasedFolder): void {
  mkdirSync(folder, { recursive: true });
  for (const [path, file] of Object.entries(content)) {
    const full = join(folder, path);
    mkdirSync("folder" in file ? full : dirname(full), { recursive: true });
    if ("link" in file) symlinkSync(file.link, full);
    else if ("text" in file) writeFileSync(full, file.text, { mode: 0o600 });
    else if ("base64" in file) writeFileSync(full, Buffer.from(file.base64, "base64"));
  }
}

/** The same for a machine with other places, by replacing texts (container ids, times as the engine writes them) too. */
export function movedTo(
  released: ReleasedState,
  places: Places,
  replaced: ReadonlyMap<string, string> = new Map(),
): ReleasedState {
  let text = JSON.stringify(released);
  for (const [name, value] of Object.entries(places)) text = text.replaceAll(`{${name}}`, value);
  for (const [from, to] of replaced) text = text.replaceAll(from, to);
  return JSON.parse(text) as ReleasedState;
}

/** As if it had just been written: all times of the last ten years and the next ones move by as much. */
export function movedInTime(state: ReleasedFolder, byMs: number): ReleasedFolder {
  return withJson(state, (value) => shifted(value, byMs));
}

/** The JSON files of a state, changed; a record gets the checksum of what it says then. */
export function withJson(state: ReleasedFolder, change: (value: unknown) => unknown): ReleasedFolder {
  return Object.fromEntries(
    Object.entries(state).map(([path, file]): [string, ReleasedFile] => {
      if (!path.endsWith(".json") || !("text" in file) || path.startsWith("sources/")) return [path, file];
      const value = change(JSON.parse(file.text));
      if (!path.startsWith("objects/")) return [path, { text: `${JSON.stringify(value)}\n` }];
      const { version, record } = value as { version: number; record: unknown };
      const body = canonicalJson(record);
      return [path, { text: `{"version":${version},"checksum":"${sha256(body)}","record":${body}}\n` }];
    }),
  );
}

const [earliest, latest] = [Date.parse("2020-01-01"), Date.parse("2050-01-01")];
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

function shifted(value: unknown, byMs: number): unknown {
  if (typeof value === "number") return value > earliest && value < latest ? value + byMs : value;
  if (typeof value === "string") {
    return instant.test(value) ? new Date(Date.parse(value) + byMs).toISOString() : value;
  }
  if (Array.isArray(value)) return value.map((item: unknown) => shifted(item, byMs));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shifted(inner, byMs)]));
}
