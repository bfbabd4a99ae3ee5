import { appliedConfiguration } from "../../api/applied-configuration.ts";
import { isWrittenKind } from "../../api/document.ts";
import type { KindName } from "../../api/names.ts";
import type { StatusObject } from "../../api/status-error.ts";
import type { FieldNotes } from "../../core/field-managers/field-notes.ts";
import type { StoredRecord } from "../../core/record.ts";
import type { Verb } from "../access.ts";
import { parameter, sendJson } from "../exchange.ts";
import type { Exchange } from "../exchange.ts";
import { detailsOf, notFound, qualified, StatusError } from "../failure.ts";
import { deletionOf } from "../deletion.ts";
import { refuseMissing, refuseUnexpectedDeletion } from "../expected-object.ts";
import { createKeyedLock } from "../keyed-lock.ts";
import { isObject } from "../merge-patch.ts";
import type { MergePatch } from "../merge-patch.ts";
import { presentRecord } from "../present.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";
import { recordOf, specPathFor } from "../spec-path.ts";
import type { SpecTarget } from "../spec-path.ts";
import { composeEdit, composeWhole } from "../compose-document.ts";
import { findDocument, namesNothing, removeDocument } from "../spec-text.ts";
import { ownerOf, requestResync, writeSpec } from "../write-spec.ts";
import type { SpecWrite } from "../write-spec.ts";
import { applyPatch } from "../apply-patch.ts";
import { managerOf, refuseForce } from "../field-manager.ts";
import { updateNotes, withoutApplied } from "../write-notes.ts";
import type { NotedUpdate } from "../write-notes.ts";
import { basisOf } from "../unseen-edit.ts";
import { asksForBranch, refuseBranch, writeToBranch } from "../branch-write.ts";
import { refuseOtherSource, refuseUnwritable } from "../write-request.ts";
import type { WriteRequest } from "../write-request.ts";
import { isApplyPatch, readPatch, readWrittenObject } from "../written-object.ts";
import type { WrittenObject } from "../written-object.ts";
import { authorize, collectionPattern } from "./reading.ts";

/** create, update, patch and delete of the kinds that people write; each changes the object's spec file. */
export function writingRoutes(services: Services): readonly Route[] {
  const lock = createKeyedLock();
  return services.resources.all
    .filter(({ type }) => !type.observed)
    .flatMap((resource): readonly Route[] => {
      const collection = collectionPattern(resource.type);
      const one = `${collection}/:name`;
      const locked =
        (write: (write: WriteRequest) => Promise<void>, verb: Verb) =>
        async (exchange: Exchange): Promise<void> => {
          const target = { namespace: exchange.parameters["namespace"], name: parameter(exchange, "name") };
          authorize(exchange.caller, verb, resource.type, target);
          const dryRun = dryRunOf(exchange.query);
          if (asksForBranch(exchange)) {
            return writeToBranch({ services, resource, exchange, target, dryRun }, verb);
          }
          const path = specPathFor(services.control.store, resource.type, target);
          // Two writers of one file would undo each other.
          await lock(path, () => write({ services, resource, exchange, target, dryRun }));
        };
      return [
        {
          method: "POST",
          pattern: collection,
          handle: async (exchange) => {
            const { type } = resource;
            const namespace = exchange.parameters["namespace"];
            authorize(exchange.caller, "create", type, { namespace });
            refuseBranch(exchange);
            const body = await readWrittenObject(exchange, type, { namespace, name: undefined });
            const target = { namespace, name: body.name };
            const dryRun = dryRunOf(exchange.query);
            const path = specPathFor(services.control.store, type, target);
            await lock(path, () => create({ services, resource, exchange, target, dryRun }, body));
          },
        },
        { method: "PUT", pattern: one, handle: locked(replace, "update") },
        { method: "PATCH", pattern: one, handle: locked(patch, "patch") },
        { method: "DELETE", pattern: one, handle: locked(remove, "delete") },
      ];
    });
}

async function create(request: WriteRequest, body: WrittenObject): Promise<void> {
  const { services, target, exchange } = request;
  const { type } = request.resource;
  if (recordOf(services.control.store, type, target) !== undefined) {
    const message = `${qualified(type)} "${target.name}" already exists`;
    throw new StatusError("AlreadyExists", message, detailsOf(type, target.name));
  }
  const compose = composeWhole(undefined, body);
  const notes = notesOf(request, undefined, body);
  sendJson(exchange.response, 201, await writeSpec(services, { ...request, type, compose, notes }));
}

/** What is to be noted of a write by the whole object. YAML is of ds01, which knows nothing of kubectl's note. */
function notesOf(
  { services, resource: { type }, exchange }: WriteRequest,
  record: StoredRecord | undefined,
  body: Pick<WrittenObject, "text" | "lastApplied" | "managedFields">,
): SpecWrite["notes"] {
  if (!isWrittenKind(type.kind)) return undefined;
  const update: NotedUpdate = {
    kind: type.kind,
    record,
    manager: managerOf(exchange),
    now: services.clock.now(),
    lastApplied: body.text === null ? body.lastApplied : record?.lastApplied,
    managedFields: body.managedFields,
  };
  return (documents): FieldNotes => updateNotes(update, documents);
}

/** Replaces an object, or creates it: `ds01 apply` need not know which. One that is being deleted comes back. */
async function replace(request: WriteRequest): Promise<void> {
  const { services, target, exchange } = request;
  const { type } = request.resource;
  const body = await readWrittenObject(exchange, type, target);
  const record = recordOf(services.control.store, type, target);
  if (record === undefined) {
    refuseMissing(type, target.name, body.expected);
    await create(request, body);
    return;
  }
  await putInPlace(request, { record, body, basis: basisOf(record, body.expected) });
}

interface Replacement {
  readonly record: StoredRecord;
  readonly body: WrittenObject;
  readonly basis: StoredRecord | undefined;
}

async function putInPlace(request: WriteRequest, { record, body, basis }: Replacement): Promise<void> {
  const { services, exchange } = request;
  const { type } = request.resource;
  refuseUnwritable(request, record, body.expected);
  const compose = composeWhole(record, body);
  const notes = notesOf(request, record, body);
  sendJson(exchange.response, 200, await writeSpec(services, { ...request, type, basis, compose, notes }));
}

async function patch(request: WriteRequest): Promise<void> {
  const { services, target, exchange } = request;
  const { type } = request.resource;
  if (isApplyPatch(exchange)) return applyPatch(request);
  refuseForce(exchange);
  const wanted = await readPatch(exchange, type, target);
  const record = recordOf(services.control.store, type, target);
  if (record === undefined) throw notFound(type, target.name);
  if ("patched" in wanted) {
    // Whatever version it has: it was made of this one just now.
    await putInPlace(request, { record, body: wanted.patched(presentRecord(record)), basis: undefined });
    return;
  }
  refuseUnwritable(request, record, wanted.expected);
  const { patch: change, lastApplied } = withoutNote(wanted.patch, record);
  const compose = composeEdit(type, target, change);
  const notes = notesOf(request, record, { text: null, lastApplied, managedFields: undefined });
  const basis = basisOf(record, wanted.expected);
  sendJson(exchange.response, 200, await writeSpec(services, { ...request, type, basis, compose, notes }));
}

/** A merge patch without kubectl's note, which stands beside the file, and the note afterwards. */
function withoutNote(
  patch: MergePatch,
  record: StoredRecord,
): { readonly patch: MergePatch; readonly lastApplied: string | undefined } {
  const annotations = isObject(patch["metadata"]) ? patch["metadata"]["annotations"] : undefined;
  if (!isObject(patch["metadata"]) || !isObject(annotations) || !(appliedConfiguration in annotations)) {
    return { patch, lastApplied: record.lastApplied };
  }
  const { metadata, lastApplied } = withoutApplied(patch["metadata"]);
  // In a file of before, the note still stands; it moves.
  const isInFile = appliedConfiguration in record.annotations;
  const others = isObject(metadata["annotations"]) ? metadata["annotations"] : {};
  const moved = isInFile ? { annotations: { ...others, [appliedConfiguration]: null } } : {};
  return { patch: { ...patch, metadata: { ...metadata, ...moved } }, lastApplied };
}

/** Removes the text; the object goes when its container is gone. */
async function remove(request: WriteRequest): Promise<void> {
  const { services, target, exchange } = request;
  const { type } = request.resource;
  const deletion = await deletionOf(exchange);
  const record = recordOf(services.control.store, type, target);
  if (record === undefined) throw notFound(type, target.name);
  // What no file declares any more, in whatever source, has no text that could be changed elsewhere.
  if (!isUndeclared(record)) refuseOtherSource(services, type, record);
  refuseUnexpectedDeletion(type, record, deletion.expected);
  if (!request.dryRun && !deletion.dryRun) {
    await removeText(services, type, { record, target, actor: exchange.caller.user });
    requestResync(services);
  }
  const status: StatusObject = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: { ...detailsOf(type, target.name), uid: record.uid },
  };
  sendJson(exchange.response, 200, status);
}

async function removeText(
  { control, writer }: Services,
  type: KindName,
  removal: { readonly record: StoredRecord; readonly target: SpecTarget; readonly actor: string },
): Promise<void> {
  const { kind, namespace, name, source } = removal.record;
  const isHere = source.path !== "" && source.source === writer.source;
  const text = isHere ? await writer.read(source.path) : undefined;
  const slice = text === undefined ? undefined : findDocument(text, { kind: type.kind, ...removal.target });
  const isAmongOthers = text !== undefined && slice === undefined && !namesNothing(text);
  if (text === undefined || (isAmongOthers && isUndeclared(removal.record))) {
    // Its text is gone already, and something keeps it: that this is meant is all that is missing.
    control.expectRemoval(kind, namespace, name, removal.actor);
    return;
  }
  if (isAmongOthers) {
    const message = `${source.path} no longer holds "${name}"; the controller notices within seconds`;
    throw new StatusError("Conflict", message, detailsOf(type, name));
  }
  const rest = slice === undefined ? null : removeDocument(text, slice);
  control.expectRemoval(kind, namespace, name, removal.actor);
  if (rest === null) await writer.remove(source.path);
  else await writer.write(source.path, rest, ownerOf(removal.target));
}

/** True for what is still there although no file declares it any more. */
function isUndeclared({ pruneBlocked }: StoredRecord): boolean {
  return pruneBlocked !== null;
}

/** Whether the caller only asks; BadRequest for another word than All. */
export function dryRunOf(query: URLSearchParams): boolean {
  const values = query.getAll("dryRun");
  if (values.some((value) => value !== "All" && value !== "")) {
    throw new StatusError("BadRequest", 'dryRun: the only supported value is "All"');
  }
  return values.includes("All");
}
