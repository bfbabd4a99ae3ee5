import { createHash } from "node:crypto";
import { readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { RefusedFile, SourceChanges, SourcedText } from "../../ports/spec-source.ts";
import { sha256 } from "../../util/hash.ts";
import { readSpecFile } from "../spec/spec-file.ts";
import { GitFailure } from "./git-failure.ts";
import type { Revision, RevisionFile } from "./revision.ts";

/** The files of a worktree are not those of its commit. */
export class DamagedWorktree extends GitFailure {}

/**
 * What has to be told for `after` to be in effect in place of `before` (null: nothing was). `root` holds the files of
 * `after`; each is compared with its id, as a crash of the machine may have left others.
 */
export async function changesBetween(
  before: Revision | null,
  after: Revision,
  root: string,
): Promise<SourceChanges> {
  const realRoot = realpathSync(root);
  const known = new Map(before?.files.map(({ path, id }) => [path, id]));
  const upserts: SourcedText[] = [];
  const refusals: RefusedFile[] = [...newRefusals(before, after)];
  for (const file of after.files) {
    if (known.get(file.path) === file.id) continue;
    const read = readFile(realRoot, file);
    if ("text" in read) upserts.push(read);
    else refusals.push(read);
    if ((upserts.length + refusals.length) % 32 === 0) await nextTurn();
  }
  const there = new Set(pathsOf(after));
  const removals = before === null ? [] : pathsOf(before).filter((path) => !there.has(path));
  return { upserts, refusals, removals };
}

function readFile(root: string, { path, id, revision }: RevisionFile): SourcedText | RefusedFile {
  const reading = readSpecFile(root, path);
  if (reading.kind === "absent" || contentId(readFileSync(join(root, path)), id) !== id) {
    throw new DamagedWorktree({
      reason: "WorktreeDamaged",
      message: `${path} in the state directory is not as the commit has it; it is written anew`,
    });
  }
  if (reading.kind === "refused") return { path, ...reading.refusal };
  const { text } = reading;
  if (text.startsWith("version https://git-lfs.github.com/spec/")) {
    const message = `${path} is a pointer of Git LFS, not a spec: keep specs in Git itself (git lfs untrack)`;
    return { path, reason: "LfsPointer", message };
  }
  return { path, text, contentHash: sha256(text), revision, ownerUid: null, ownerName: null };
}

/** The id that Git gives to a content, by the hash of which `like` is one. */
function contentId(content: Buffer, like: string): string {
  const hash = createHash(like.length === 40 ? "sha1" : "sha256");
  return hash.update(`blob ${content.length}\0`).update(content).digest("hex");
}

function newRefusals(before: Revision | null, after: Revision): readonly RefusedFile[] {
  const known = new Map(before?.refused.map(({ path, message }) => [path, message]));
  return after.refused.filter(({ path, message }) => known.get(path) !== message);
}

function pathsOf({ files, refused }: Revision): readonly string[] {
  return [...files, ...refused].map(({ path }) => path);
}
