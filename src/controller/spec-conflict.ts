import type { SpecIdentity } from "../api/identity.ts";
import type { Rejection, StoredRecord } from "../core/record.ts";
import type { SourceBook } from "./source-book.ts";
import { documentsAbout, type IndexedFile } from "./spec-index.ts";

export const identityConflict = "IdentityConflict";

/** Why an object that stands in several files is in effect from none of them (I11). */
export function conflict(identity: SpecIdentity, files: readonly IndexedFile[]): Rejection {
  const fromSeveral = new Set(files.map(({ source }) => source)).size > 1;
  const places = files.map((file) => (fromSeveral ? placeIn(file) : file.path));
  return {
    reason: identityConflict,
    message: `${nameOf(identity)} is declared in ${places.join(" and ")}${asElement(identity, files)}: keep one of them`,
    path: files[0]?.path ?? "",
    problems: [],
  };
}

/** The same for one that is of another source, which cannot be read now. */
export function homeUnread(
  identity: SpecIdentity,
  file: IndexedFile,
  home: { readonly source: string; readonly path: string },
): Rejection {
  return {
    reason: identityConflict,
    message:
      `${nameOf(identity)} is declared in ${placeIn(file)}, and was in ${placeIn(home)}, which cannot be read now: ` +
      `it changes hands when that can be read and does not declare it`,
    path: file.path,
    problems: [],
  };
}

/** The other source that an object is of, while nobody knows whether it is still declared there. */
export function unreadHome(
  file: IndexedFile,
  before: StoredRecord | undefined,
  book: Pick<SourceBook, "stateOf">,
): { readonly source: string; readonly path: string; readonly isUnread: boolean } | undefined {
  if (before === undefined || before.deletion !== null || before.source.path === "") return undefined;
  const { source, path } = before.source;
  const state = book.stateOf(source);
  if (source === file.source || state === undefined || state.type === "synced") return undefined;
  return { source, path, isUnread: state.type === "unread" };
}

/** As people tell files of several sources apart. */
function placeIn({ source, path }: { readonly source: string; readonly path: string }): string {
  return `${path} of the source "${source}"`;
}

function nameOf({ namespace, name }: SpecIdentity): string {
  return namespace === "" ? name : `${namespace}/${name}`;
}

/** That a sweep is what declares it, which nobody finds by its name. */
function asElement(identity: SpecIdentity, files: readonly IndexedFile[]): string {
  const found = files.flatMap((file) => documentsAbout(file, identity));
  const element = found.find(({ document }) => document.element !== undefined)?.document.element;
  return element === undefined ? "" : ` (once as number ${element.index} of the replicas of ${element.of})`;
}
