import { isWrittenKind } from "../api/document.ts";
import type { ApiObject } from "../api/meta.ts";
import type { KindName } from "../api/names.ts";
import { parseSpecText } from "../api/parse.ts";
import { renderProblem } from "../api/problem.ts";
import type { Problem } from "../api/problem.ts";
import { withNotes } from "../core/field-managers/field-notes.ts";
import type { FieldNotes } from "../core/field-managers/field-notes.ts";
import type { StoredRecord } from "../core/record.ts";
import type { FieldNote } from "../ports/control-plane.ts";
import { messageOf } from "../util/errors.ts";
import { sha256 } from "../util/hash.ts";
import { sameValue } from "../util/same-value.ts";
import { asWritten } from "./as-written.ts";
import { modifiedMeanwhile } from "./expected-object.ts";
import { detailsOf, StatusError } from "./failure.ts";
import { refuseLargeNotes } from "./note-bounds.ts";
import { presentRecord } from "./present.ts";
import { groupOf } from "./resource-type.ts";
import type { Services } from "./services.ts";
import { recordOf, specPathFor } from "./spec-path.ts";
import type { SpecTarget } from "./spec-path.ts";
import { appendDocument, findDocument, namesNothing, replaceDocument } from "./spec-text.ts";
import { refuseUnseenEdit } from "./unseen-edit.ts";

/** One change of one object's text. */
export interface SpecWrite {
  readonly type: KindName;
  readonly target: SpecTarget;
  readonly dryRun: boolean;
  /** The version that the write is meant for, where it is for that one alone. */
  readonly basis?: StoredRecord | undefined;
  /** The object's document as it shall stand; `current` is undefined when the file has none. */
  compose(current: string | undefined, path: string): string;
  /** Who has written which fields afterwards; absent: whatever follows from the file. Called after `compose`. */
  readonly notes?:
    | ((documents: { readonly before: string | undefined; readonly after: string }) => FieldNotes)
    | undefined;
}

/** Who owns the file of an object: its user, or root for what belongs to no namespace. */
export function ownerOf(target: SpecTarget): string {
  return target.namespace ?? "root";
}

/** A file after a change. */
export interface FileChange {
  readonly path: string;
  readonly after: string;
  readonly document: string;
  /** The object's document before; undefined: there was none. */
  readonly before: string | undefined;
  /** How many documents the file holds afterwards. */
  readonly documents: number;
}

/**
 * Checks a change as the controller would, writes it, and returns the object as soon as the controller has taken it
 * up. Throws Invalid, Forbidden (quota, policy, or no file to write), or Timeout when it is written but not taken up
 * in time.
 */
export async function writeSpec(services: Services, write: SpecWrite): Promise<ApiObject> {
  const { control, writer } = services;
  const { target, type } = write;
  const record = recordOf(control.store, type, target);
  const path = specPathFor(control.store, type, target);
  await writer.requireWritable(path);
  const before = await writer.read(path);
  refuseUnseenEdit(type, write.basis, before);
  const change = changeOf(write, path, before);
  const notes = write.notes?.({ before: change.before, after: change.document });
  if (notes !== undefined) refuseLargeNotes(write, change.document, notes);
  const note = notes === undefined ? undefined : noteOf(write, change, notes);
  if (change.after === before && record?.rejection === null) {
    return noteOnly(services, write, { record, note });
  }

  await checkChange(services, write, change);
  if (write.dryRun) return asWritten(record, write, { change, notes });
  // Checking takes a while, in which somebody may have saved the file.
  if ((await writer.read(path)) !== before) throw modifiedMeanwhile(type, target.name);
  const takenUp = watchForRecord(services, write, { change, record });
  await writeNoted(services, write, { path, text: change.after, note });
  requestResync(services);
  const taken = await takenUp();
  if (note !== undefined) await keepNotes(services, write);
  return presentRecord(taken);
}

/** What was noted stands in the state alone: it is on disk before anybody is told, unlike what the file says too. */
async function keepNotes({ control, log }: Services, { type, target }: SpecWrite): Promise<void> {
  const record = recordOf(control.store, type, target);
  if (record === undefined) return;
  try {
    await control.store.put(record as never);
  } catch (error) {
    // The change itself stands in its file and is in effect; the store goes on trying.
    log.warn(
      { err: error, kind: record.kind, namespace: record.namespace, name: record.name },
      "who owns which fields is not on disk yet",
    );
  }
}

async function writeNoted(
  { control, writer }: Services,
  { target }: SpecWrite,
  {
    path,
    text,
    note,
  }: { readonly path: string; readonly text: string; readonly note: FieldNote | undefined },
): Promise<void> {
  if (note !== undefined) await control.noteFields(note);
  try {
    await writer.write(path, text, ownerOf(target));
  } catch (error) {
    if (note !== undefined) control.takeBackFields(note);
    throw error;
  }
}

function noteOf(
  { type, target }: SpecWrite,
  { after }: FileChange,
  notes: FieldNotes,
): FieldNote | undefined {
  if (!isWrittenKind(type.kind)) return undefined;
  const { namespace = "", name } = target;
  return { kind: type.kind, namespace, name, contentHash: sha256(after), notes };
}

/** The file says already what was wanted: at most it is noted who says so. */
async function noteOnly(
  { control }: Services,
  { type, target, dryRun }: SpecWrite,
  { record, note }: { readonly record: StoredRecord; readonly note: FieldNote | undefined },
): Promise<ApiObject> {
  if (note === undefined) return presentRecord(record);
  const noted = withNotes(record, note.notes);
  if (dryRun || sameValue(noted, record)) return presentRecord(noted);
  await control.noteFields(note);
  return presentRecord(recordOf(control.store, type, target) ?? noted);
}

/** Has the controller look now instead of at its next scan; the caller does not wait for it. */
export function requestResync(services: Services): void {
  services.resync().catch((error: unknown) => {
    services.log.warn({ err: error }, "resync after a write failed");
  });
}

/** The file as the change leaves it; `before` is undefined where there is none. */
export function changeOf(
  write: Pick<SpecWrite, "type" | "target" | "compose">,
  path: string,
  before: string | undefined,
): FileChange {
  const identity = { kind: write.type.kind, ...write.target };
  const slice = before === undefined ? undefined : findDocument(before, identity);
  if (before !== undefined && slice !== undefined) {
    const current = before.slice(slice.start, slice.end);
    const document = write.compose(current, path);
    const after = replaceDocument(before, slice, document);
    return { path, after, document, before: current, documents: slice.documents };
  }
  const document = write.compose(undefined, path);
  const added = { path, document, before: undefined };
  if (before === undefined || namesNothing(before)) return { ...added, after: document, documents: 1 };
  return { ...added, after: appendDocument(before, document), documents: 2 };
}

/** Throws Invalid or Forbidden (quota or policy) where the controller would not take the file. */
export async function checkChange(
  services: Services,
  write: Pick<SpecWrite, "type" | "target">,
  change: FileChange,
): Promise<void> {
  const { path } = change;
  // A problem elsewhere in the file would keep this document from taking effect as well.
  const wholeFile = change.documents > 1 ? parseSpecText(change.after, { path }).problems : [];
  if (wholeFile.length > 0) throw invalid(write, wholeFile);
  const preview = await services.control.preview(change.document, path);
  if (preview.problems.length > 0) throw invalid(write, preview.problems);
  if (preview.refusal !== null) {
    const { reason, message } = preview.refusal;
    throw new StatusError("Forbidden", message, {
      ...detailsOf(write.type, write.target.name),
      causes: [{ reason, message }],
    });
  }
}

function invalid(write: Pick<SpecWrite, "type" | "target">, problems: readonly Problem[]): StatusError {
  const lines = problems.map(renderProblem);
  const { type, target } = write;
  const message = `${type.kind}.${groupOf(type)} "${target.name}" is invalid: ${lines.join("\n")}`;
  return new StatusError("Invalid", message, {
    ...detailsOf(write.type, write.target.name),
    kind: write.type.kind,
    causes: problems.map((problem, index) => ({
      reason: "FieldValueInvalid",
      message: lines[index] ?? problem.message,
      ...(problem.field === "" ? {} : { field: problem.field }),
    })),
  });
}

/** Starts to watch before the write; the result waits for the record made from the new text. */
function watchForRecord(
  services: Services,
  write: SpecWrite,
  { change, record }: { readonly change: FileChange; readonly record: StoredRecord | undefined },
): () => Promise<StoredRecord> {
  const { store } = services.control;
  const hashes = [sha256(change.after), sha256(change.document)];
  const rejectedBefore = JSON.stringify(record?.rejection ?? null);
  const settled = (): StoredRecord | undefined => {
    const current = recordOf(store, write.type, write.target);
    if (current === undefined || current.deletion !== null) return undefined;
    if (current.rejection === null) return hashes.includes(current.source.contentHash) ? current : undefined;
    if (JSON.stringify(current.rejection) === rejectedBefore) return undefined;
    const { problems, message, path } = current.rejection;
    const whole = { file: path, position: null, length: 0, field: "", message };
    throw invalid(write, problems.length > 0 ? problems : [whole]);
  };
  return () =>
    new Promise((resolve, reject) => {
      const stop = (): void => {
        stopListening();
        cancelDeadline();
      };
      const look = (): void => {
        try {
          const found = settled();
          if (found === undefined) return;
          stop();
          resolve(found);
        } catch (error) {
          stop();
          reject(error instanceof Error ? error : new Error(messageOf(error)));
        }
      };
      const stopListening = store.onChange(({ record: changed }) => {
        if (changed.name === write.target.name && changed.kind === write.type.kind) look();
      });
      const cancelDeadline = services.clock.callAt(services.clock.now() + services.writeDeadlineMs, () => {
        stop();
        const message =
          `${change.path} is written, but the controller has not taken it up within ` +
          `${services.writeDeadlineMs / 1000} s; it goes on by itself. Look: ds01 doctor`;
        reject(new StatusError("Timeout", message, detailsOf(write.type, write.target.name)));
      });
      look();
    });
}
