import type { WrittenKind } from "../api/document.ts";
import type { Problem } from "../api/problem.ts";
import type { ParsedDocument } from "../api/parsed-document.ts";
import { parseSpecText } from "../api/parse.ts";
import { identitiesWithElements, withElements } from "../api/sweep.ts";
import type { SpecIdentity } from "../api/identity.ts";
import { adminKindIn } from "../api/spec-folders.ts";
import type { Rejection } from "../core/record.ts";
import type { RefusedFile, SourcedText } from "../ports/spec-source.ts";

/** What one file says, after parsing. */
export interface IndexedFile {
  readonly path: string;
  readonly contentHash: string;
  readonly revision: string | undefined;
  readonly documents: readonly ParsedDocument[];
  /** Why nothing of the file is in effect; null when all of it is good. */
  readonly rejection: Rejection | null;
  /** Objects the file is about, also when it did not parse. */
  readonly identities: readonly SpecIdentity[];
}

/** `ContainerSpec/alice/train`, `QuotaSpec//students`: an object's identity, whatever file it stands in. */
export function identityKey(identity: Pick<SpecIdentity, "kind" | "namespace" | "name">): string {
  return `${identity.kind}/${identity.namespace}/${identity.name}`;
}

/** All files of a source by path, and which files speak about which object. Pure bookkeeping, no effects. */
export class SpecIndex {
  readonly #files = new Map<string, IndexedFile>();
  readonly #paths = new Map<string, Set<string>>();
  #version = 0;
  readonly #storedFrom: (path: string) => readonly SpecIdentity[];

  /** `storedFrom` tells which known objects came from a file, for files that are broken when first read. */
  constructor(storedFrom: (path: string) => readonly SpecIdentity[]) {
    this.#storedFrom = storedFrom;
  }

  /** Grows with every change of what the files say. */
  get version(): number {
    return this.#version;
  }

  /** Parses a text and files it; returns the identities it touches, those it spoke about before included. */
  upsert(document: SourcedText): readonly SpecIdentity[] {
    const { kind, namespace } = placeOf(document.path);
    const parsed = parseSpecText(document.text, {
      path: document.path,
      expect: kind,
      namespaceFromPath: namespace,
    });
    const documents = parsed.documents.flatMap(withElements);
    return this.#put({
      path: document.path,
      contentHash: document.contentHash,
      revision: document.revision,
      documents: parsed.problems.length > 0 ? [] : documents,
      rejection: parsed.problems.length > 0 ? invalid(document.path, parsed.problems) : null,
      identities:
        parsed.problems.length > 0
          ? this.#aboutBroken(document.path, parsed.identities)
          : identitiesWithElements(parsed.identities, documents),
    });
  }

  /** A file that may not be read: what it said before stays the last good. */
  refuse(file: RefusedFile): readonly SpecIdentity[] {
    const { kind, namespace } = placeOf(file.path);
    const guessed = parseSpecText("", {
      path: file.path,
      expect: kind,
      namespaceFromPath: namespace,
    }).identities;
    return this.#put({
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
      identities: this.#aboutBroken(file.path, guessed),
    });
  }

  /** Forgets a file; returns the identities it spoke about. */
  remove(path: string): readonly SpecIdentity[] {
    const before = this.#files.get(path);
    if (before === undefined) return [];
    this.#version += 1;
    this.#files.delete(path);
    for (const identity of before.identities) this.#paths.get(identityKey(identity))?.delete(path);
    return before.identities;
  }

  /** The files that speak about an object, in order of path. */
  filesOf(identity: SpecIdentity): readonly IndexedFile[] {
    const paths = [...(this.#paths.get(identityKey(identity)) ?? [])].toSorted();
    return paths.flatMap((path) => this.#files.get(path) ?? []);
  }

  /** True when no file speaks about the object; asked of every object after each scan. */
  isUndeclared(identity: SpecIdentity): boolean {
    return (this.#paths.get(identityKey(identity))?.size ?? 0) === 0;
  }

  /** True when a good file says that the object is a sweep, or was one: what it has no more of was meant to go. */
  declares(identity: SpecIdentity): boolean {
    return this.filesOf(identity).some(({ documents }) =>
      documents.some(({ identity: own }) => identityKey(own) === identityKey(identity)),
    );
  }

  /** True when a file of the namespace is not in effect: then nobody knows what it would declare. */
  hasRejected(namespace: string): boolean {
    return [...this.#files.values()].some(
      ({ rejection, path }) => rejection !== null && placeOf(path).namespace === namespace,
    );
  }

  /**
   * A text that does not parse cannot take an object back: it is about what the file declared before, and only
   * when that is not known about what its text or name suggest.
   */
  #aboutBroken(path: string, guessed: readonly SpecIdentity[]): readonly SpecIdentity[] {
    const before = this.#files.get(path)?.identities ?? this.#storedFrom(path);
    return before.length > 0 ? before : guessed;
  }

  #put(file: IndexedFile): readonly SpecIdentity[] {
    const before = this.remove(file.path);
    this.#version += 1;
    this.#files.set(file.path, file);
    for (const identity of file.identities) {
      const key = identityKey(identity);
      const paths = this.#paths.get(key) ?? new Set();
      this.#paths.set(key, paths.add(file.path));
    }
    const touched = new Map(
      [...before, ...file.identities].map((identity) => [identityKey(identity), identity]),
    );
    return [...touched.values()];
  }
}

/** What the place of a file says: `users/<user>/...` is that user's, `quotas/...` and `reservations/...` are admins'. */
export function placeOf(path: string): {
  readonly kind: WrittenKind;
  readonly namespace?: string;
} {
  const [top, user] = path.split("/");
  const kind = adminKindIn(top);
  if (kind !== undefined || user === undefined) return { kind: kind ?? "QuotaSpec" };
  return { kind: "ContainerSpec", namespace: user };
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
