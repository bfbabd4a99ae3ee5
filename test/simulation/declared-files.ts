import { parseSpecText } from "../../src/api/parse.ts";
import { withElements } from "../../src/api/sweep.ts";

/** Files must be gone for so long before an object is deleted for it (I11), in milliseconds. */
const candidateMs = 3000;
/** What was decided is carried out within this time. */
const momentMs = 1000;

interface DeclaredFile {
  readonly text: string;
  readonly keys: readonly string[];
  readonly isBroken: boolean;
  readonly since: number;
  /** What it declared before, by a text that stood for long enough that somebody has read it. */
  readonly lasting: readonly string[];
}

interface Absence {
  readonly from: number;
  /** Infinity: its files are still gone. */
  to: number;
}

/** Since when objects stand in no file, by the files themselves. All times are such that have gone by. */
export class DeclaredFiles {
  /** Path -> its text, and what that declares. */
  readonly #files = new Map<string, DeclaredFile>();
  /** `alice/one` -> when no file declared it last. */
  readonly #absences = new Map<string, Absence>();
  /** User -> when the user's directory was there last. */
  readonly #directories = new Map<string, number>();

  look(files: ReadonlyMap<string, string>, now: number): void {
    for (const path of files.keys()) this.#directories.set(userOf(path) ?? "", now);
    const before = new Set(this.#declared());
    const changed = [...files].filter(([path, text]) => this.#files.get(path)?.text !== text);
    for (const [path, text] of changed) {
      const lasting = this.#lastingKeys(path, now);
      const keys = keysOf(path, text);
      const surely = this.#surelyStill(path, lasting);
      this.#files.set(path, { text, keys: keys ?? surely, isBroken: keys === null, since: now, lasting });
    }
    const gone = [...this.#files.keys()].filter((path) => !files.has(path));
    for (const path of gone) this.#files.delete(path);
    this.#leaveToOthers();
    if (changed.length === 0 && gone.length === 0) return;
    const declared = new Set(this.#declared());
    for (const key of before) if (!declared.has(key)) this.#absences.set(key, { from: now, to: Infinity });
    for (const key of declared) {
      const absence = this.#absences.get(key);
      if (absence?.to === Infinity) absence.to = now;
    }
  }

  /** How long the object's files were gone when it was deleted now; Infinity: it never stood in one. */
  absentMs(key: string, now: number): number {
    const absence = this.#absences.get(key);
    if (absence === undefined) return this.#declared().includes(key) ? 0 : Infinity;
    // It may have come back while the deletion was on its way.
    if (absence.to < now - momentMs) return 0;
    return Math.min(absence.to, now) - absence.from;
  }

  /** Whether it was deleted too soon. */
  isTooSoon(key: string, now: number): boolean {
    return this.absentMs(key, now) < candidateMs;
  }

  /** Whether the whole directory of a user is gone, which is never taken for a deletion unasked. */
  isWithoutDirectory(user: string, now: number): boolean {
    return (this.#directories.get(user) ?? -Infinity) < now - momentMs;
  }

  /** What a good file declares, a broken one is not about any more, whatever it declared before. */
  #leaveToOthers(): void {
    const good = new Set([...this.#files.values()].flatMap(({ keys, isBroken }) => (isBroken ? [] : keys)));
    for (const [path, file] of this.#files) {
      if (!file.isBroken) continue;
      const [keys, lasting] = [file.keys, file.lasting].map((all) => all.filter((key) => !good.has(key)));
      this.#files.set(path, { ...file, keys: keys ?? [], lasting: lasting ?? [] });
    }
  }

  /** What the file declared by the last text that somebody has surely read. */
  #lastingKeys(path: string, now: number): readonly string[] {
    const last = this.#files.get(path);
    if (last === undefined) return [];
    return now - last.since >= momentMs ? last.keys : last.lasting;
  }

  /** A text that stood for a moment may have been read all the same: what it does not declare may have been let go. */
  #surelyStill(path: string, lasting: readonly string[]): readonly string[] {
    const last = this.#files.get(path);
    return last === undefined || last.isBroken ? lasting : lasting.filter((key) => last.keys.includes(key));
  }

  #declared(): readonly string[] {
    return [...this.#files.values()].flatMap(({ keys }) => keys);
  }
}

/** Null: it is broken, and declares what it did before. */
function keysOf(path: string, text: string): readonly string[] | null {
  const namespace = userOf(path);
  if (namespace === undefined) return [];
  const place = { path, expect: "ContainerSpec", namespaceFromPath: namespace } as const;
  const { documents, problems } = parseSpecText(text, place);
  if (problems.length > 0) return null;
  return documents.flatMap(withElements).map(({ identity }) => `${identity.namespace}/${identity.name}`);
}

function userOf(path: string): string | undefined {
  return /^users\/([^/]+)\//.exec(path)?.[1];
}
