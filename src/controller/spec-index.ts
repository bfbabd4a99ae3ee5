import type { Problem } from "../api/problem.ts";
import type { ParsedDocument } from "../api/parsed-document.ts";
import { parseSpecText, type ParseResult } from "../api/parse.ts";
import { identitiesWithElements, withElements } from "../api/sweep.ts";
import type { SpecIdentity } from "../api/identity.ts";
import { expectedIn } from "../api/spec-folders.ts";
import type { Rejection } from "../core/record.ts";
import type { RefusedFile, SourcedText } from "../ports/spec-source.ts";

/** What one file says, after parsing. */
export interface IndexedFile {
  /** Name of the source that it is of. */
  readonly source: string;
  readonly path: string;
  readonly contentHash: string;
  readonly revision: string | undefined;
  readonly documents: readonly ParsedDocument[];
  /** Why nothing of the file is in effect; null when all of it is good. */
  readonly rejection: Rejection | null;
  /** Objects the file is about, also when it did not parse. */
  readonly identities: readonly SpecIdentity[];
  /** What its text, or its name, suggests that it is about. */
  readonly suggested: readonly SpecIdentity[];
}

/** `ContainerSpec/alice/train`, `QuotaSpec//students`: an object's identity, whatever file it stands in. */
export function identityKey(identity: Pick<SpecIdentity, "kind" | "namespace" | "name">): string {
  return `${identity.kind}/${identity.namespace}/${identity.name}`;
}

interface HasSource {
  readonly source: { readonly source: string; readonly path: string };
}

/** All files of all sources, and which files speak about which object. Pure bookkeeping, no effects. */
export class SpecIndex {
  readonly #files = new Map<string, IndexedFile>();
  /** Object -> the keys of files that speak about it. */
  readonly #keys = new Map<string, Set<string>>();
  #version = 0;
  readonly #storedFrom: (source: string, path: string) => readonly SpecIdentity[];

  /** `storedFrom` tells which known objects came from a file, for files that are broken when first read. */
  constructor(storedFrom: (source: string, path: string) => readonly SpecIdentity[]) {
    this.#storedFrom = storedFrom;
  }

  /** Grows with every change of what the files say. */
  get version(): number {
    return this.#version;
  }

  /** Parses a text and files it; returns the identities it touches, those it spoke about before included. */
  upsert(source: string, document: SourcedText): readonly SpecIdentity[] {
    const { kind, namespace } = expectedIn(document.path);
    const parsed = parseSpecText(document.text, {
      path: document.path,
      expect: kind,
      namespaceFromPath: namespace,
    });
    const documents = parsed.documents.flatMap(withElements);
    return this.#put({
      source,
      path: document.path,
      contentHash: document.contentHash,
      revision: document.revision,
      documents: parsed.problems.length > 0 ? [] : documents,
      rejection: parsed.problems.length > 0 ? invalid(document.path, parsed.problems) : null,
      identities:
        parsed.problems.length > 0
          ? this.#aboutBroken(source, document.path, parsed)
          : identitiesWithElements(parsed.identities, documents),
      suggested: parsed.identities,
    });
  }

  /** A file that may not be read: what it said before stays the last good. */
  refuse(source: string, file: RefusedFile): readonly SpecIdentity[] {
    const { kind, namespace } = expectedIn(file.path);
    const guessed = parseSpecText("", { path: file.path, expect: kind, namespaceFromPath: namespace });
    return this.#put({
      source,
      path: file.path,
      contentHash: "",
      revision: undefined,
      documents: [],
      rejection: {
        reason: file.reason,
        message: file.message.includes(file.path) ? file.message : `${file.path}: ${file.message}`,
        path: file.path,
        problems: [],
      },
      identities: this.#aboutBroken(source, file.path, guessed),
      suggested: guessed.identities,
    });
  }

  /** What an object was of before may be broken, and about something else now; the identities that this touches. */
  reconsider(
    before: HasSource | undefined,
    now: Pick<IndexedFile, "source" | "path">,
  ): readonly SpecIdentity[] {
    if (before === undefined) return [];
    const { source, path } = before.source;
    const file = this.#files.get(fileKey(source, path));
    const isOther = source !== now.source || path !== now.path;
    if (!isOther || file === undefined || file.rejection === null) return [];
    const stored = this.#storedFrom(source, path);
    const identities = stored.length > 0 ? stored : file.suggested;
    const [was, is] = [file.identities, identities].map((all) => all.map(identityKey).toSorted().join(" "));
    return was === is ? [] : this.#put({ ...file, identities });
  }

  /** Forgets a file; returns the identities it spoke about. */
  remove(source: string, path: string): readonly SpecIdentity[] {
    const key = fileKey(source, path);
    const before = this.#files.get(key);
    if (before === undefined) return [];
    this.#version += 1;
    this.#files.delete(key);
    for (const identity of before.identities) {
      const files = this.#keys.get(identityKey(identity));
      files?.delete(key);
      if (files?.size === 0) this.#keys.delete(identityKey(identity));
    }
    return before.identities;
  }

  /** The files that speak about an object, in order of source and path. */
  filesOf(identity: SpecIdentity): readonly IndexedFile[] {
    const keys = [...(this.#keys.get(identityKey(identity)) ?? [])].toSorted();
    return keys.flatMap((key) => this.#files.get(key) ?? []);
  }

  /** All files of a source. */
  filesFrom(source: string): readonly IndexedFile[] {
    return [...this.#files.values()].filter((file) => file.source === source);
  }

  /** True when no file speaks about the object; asked of every object after each scan. */
  isUndeclared(identity: SpecIdentity): boolean {
    return (this.#keys.get(identityKey(identity))?.size ?? 0) === 0;
  }

  /** True when a good file says that the object is a sweep, or was one: what it has no more of was meant to go. */
  declares(identity: SpecIdentity): boolean {
    return this.filesOf(identity).some(({ documents }) =>
      documents.some(({ identity: own }) => identityKey(own) === identityKey(identity)),
    );
  }

  /** The first file of the namespace that is not in effect: nobody knows what it would declare. */
  rejectedFile(namespace: string): string | undefined {
    const paths = [...this.#files.values()]
      .filter(({ rejection, path }) => rejection !== null && expectedIn(path).namespace === namespace)
      .map(({ path }) => path);
    return paths.toSorted()[0];
  }

  /**
   * A text that does not parse cannot take an object back: it is about what the file declared before, and only when
   * that is not known about what its text or name suggest. What another file declares as well, and first, it is about
   * for as long as it does not name another object itself.
   */
  #aboutBroken(
    source: string,
    path: string,
    { identities: suggested, named }: Pick<ParseResult, "identities" | "named">,
  ): readonly SpecIdentity[] {
    const stored = this.#storedFrom(source, path);
    const before = this.#files.get(fileKey(source, path))?.identities ?? stored;
    const isOwn = new Set(stored.map(identityKey));
    const own = before.filter(
      (identity) => isOwn.has(identityKey(identity)) || !this.#isDeclaredBeside(source, path, identity),
    );
    const known = named ? own : before;
    return known.length > 0 ? known : suggested;
  }

  #isDeclaredBeside(source: string, path: string, identity: SpecIdentity): boolean {
    return this.filesOf(identity).some(
      (file) => (file.source !== source || file.path !== path) && documentsAbout(file, identity).length > 0,
    );
  }

  #put(file: IndexedFile): readonly SpecIdentity[] {
    const before = this.remove(file.source, file.path);
    const fileAt = fileKey(file.source, file.path);
    this.#version += 1;
    this.#files.set(fileAt, file);
    for (const identity of file.identities) {
      const key = identityKey(identity);
      const files = this.#keys.get(key) ?? new Set();
      this.#keys.set(key, files.add(fileAt));
    }
    const touched = new Map(
      [...before, ...file.identities].map((identity) => [identityKey(identity), identity]),
    );
    return [...touched.values()];
  }
}

/** Two sources may each have a file of the same path. */
function fileKey(source: string, path: string): string {
  return `${source}\n${path}`;
}

function invalid(path: string, problems: readonly Problem[]): Rejection {
  const [first] = problems;
  const place = first?.position == null ? path : `${path}:${first.position.line}:${first.position.column}`;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
  const field = first?.field === undefined || first.field === "" ? "" : `${first.field}: `;
  return {
    reason: "SpecInvalid",
    message: `${place}: ${field}${first?.message ?? "not valid"}${more}`,
    path,
    problems,
  };
}

/** A document with the file that it stands in. */
export interface FoundDocument {
  readonly document: ParsedDocument;
  readonly file: IndexedFile;
}

/** The good documents of a file that are about an object. */
export function documentsAbout(file: IndexedFile, identity: SpecIdentity): readonly FoundDocument[] {
  return file.documents
    .filter(({ identity: own }) => own.namespace === identity.namespace && own.name === identity.name)
    .map((document) => ({ document, file }));
}
