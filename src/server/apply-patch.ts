import { appliedConfiguration } from "../api/applied-configuration.ts";
import { isWrittenKind } from "../api/document.ts";
import { apiVersion } from "../api/names.ts";
import { ownedPart, ownedSchema, type FieldNotes } from "../core/field-managers/field-notes.ts";
import { applyFields } from "../core/field-managers/manage-fields.ts";
import type { FieldConflict, ManagedObject } from "../core/field-managers/manage-fields.ts";
import { isWithinOwnerBounds } from "../core/field-managers/owner-bounds.ts";
import type { StoredRecord } from "../core/record.ts";
import { flag, sendJson } from "./exchange.ts";
import { refuseMissing } from "./expected-object.ts";
import { StatusError } from "./failure.ts";
import { applierOf } from "./field-manager.ts";
import { isObject, mergePatchBetween } from "./merge-patch.ts";
import { recordOf } from "./spec-path.ts";
import { editDocument, renderDocument } from "./spec-text.ts";
import { liveObject, saidIn, withoutApplied } from "./write-notes.ts";
import { tooManyOwners } from "./note-bounds.ts";
import { basisOf } from "./unseen-edit.ts";
import { refuseUnwritable } from "./write-request.ts";
import type { WriteRequest } from "./write-request.ts";
import { writeSpec } from "./write-spec.ts";
import { parseJson, readApplied } from "./written-object.ts";
import type { WrittenObject } from "./written-object.ts";

/** The manager that kubectl is when it applies; what it had applied in its own way before is no conflict for it. */
const kubectl = "kubectl";

/** Server-side apply: creates the object, or changes of it what is applied and what the manager no longer applies. */
export async function applyPatch(request: WriteRequest): Promise<void> {
  const { services, target, exchange } = request;
  const { type } = request.resource;
  const manager = applierOf(exchange);
  const body = await readApplied(exchange, type, target);
  const found = recordOf(services.control.store, type, target);
  const record = found?.deletion === null ? found : undefined;
  // What goes is no less another source's for that.
  if (found !== undefined) refuseUnwritable(request, found, body.expected);
  else refuseMissing(type, target.name, { ...body.expected, resourceVersion: undefined });
  if (!isWrittenKind(type.kind)) throw new TypeError(`${type.kind} is not written by people`);
  const by = { manager, apiVersion, now: services.clock.now() };
  const application = { body, by, schema: ownedSchema(type.kind), force: flag(exchange.query, "force") };
  let outcome: ManagedObject | undefined;
  const compose = (current: string | undefined, path: string): string => {
    outcome = applied(liveObject(record, current), application);
    const document = written(outcome, body);
    // A document of an object that is going is replaced by the new one as a whole.
    return current === undefined || record === undefined
      ? renderDocument(document, path)
      : editDocument(current, changes(current, document));
  };
  const notes = (): FieldNotes => notesOf(outcome, { record, body, manager });
  const basis = record === undefined ? undefined : basisOf(record, body.expected);
  const object = await writeSpec(services, { ...request, type, basis, compose, notes });
  sendJson(exchange.response, record === undefined ? 201 : 200, object);
}

interface AppliedBody {
  readonly body: WrittenObject;
  readonly by: { readonly manager: string; readonly apiVersion: string; readonly now: number };
  readonly schema: ReturnType<typeof ownedSchema>;
  readonly force: boolean;
}

function applied(live: ManagedObject, { body, by, schema, force }: AppliedBody): ManagedObject {
  const wanted = appliedPart(body);
  const appliedBefore = by.manager === kubectl ? appliedByItself(live.value) : undefined;
  const outcome = applyFields({ live, applied: wanted, schema, by, force, appliedBefore });
  if ("conflicts" in outcome) throw conflict(outcome.conflicts);
  // Without its owners, the next apply could not take back what this one has said.
  if (!isWithinOwnerBounds(outcome.managers)) throw tooManyOwners();
  return outcome;
}

/** What a body applies; who says nothing about metadata owns nothing of it. */
function appliedPart({ written: { metadata, spec }, lastApplied }: WrittenObject): object {
  const { metadata: said, ...rest } = ownedPart(metadata, spec, lastApplied);
  return Object.keys(said).length === 0 ? rest : { metadata: said, ...rest };
}

/** What kubectl's note says, as the part of an object that people write; undefined without a note that can be read. */
function appliedByItself(live: unknown): object | undefined {
  const note = annotationsOf(live)[appliedConfiguration];
  if (typeof note !== "string") return undefined;
  try {
    const said = parseJson(note);
    if (!isObject(said)) return undefined;
    return ownedPart(isObject(said["metadata"]) ? said["metadata"] : {}, said["spec"], undefined);
  } catch (error) {
    if (error instanceof StatusError) return undefined;
    throw error;
  }
}

function annotationsOf(value: unknown): Readonly<Record<string, unknown>> {
  const metadata = isObject(value) ? value["metadata"] : undefined;
  const annotations = isObject(metadata) ? metadata["annotations"] : undefined;
  return isObject(annotations) ? annotations : {};
}

function written({ value }: ManagedObject, { written: said }: WrittenObject): object {
  const { metadata, spec = {} } = isObject(value) ? value : {};
  const { name, namespace } = said.metadata;
  const { metadata: kept } = withoutApplied(isObject(metadata) ? metadata : {});
  return {
    apiVersion: said.apiVersion,
    kind: said.kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), ...kept },
    spec,
  };
}

/** From what the document says to what it is to say. */
function changes(current: string, document: object): Readonly<Record<string, unknown>> {
  const before = saidIn(current, undefined);
  const { metadata, spec } = document as { readonly metadata: object; readonly spec: object };
  return mergePatchBetween(
    before as Readonly<Record<string, unknown>>,
    ownedPart(metadata, spec, undefined) as Readonly<Record<string, unknown>>,
  );
}

/** kubectl's note goes with what kubectl applies, whichever way, for who goes back to the other one. */
function notesOf(
  outcome: ManagedObject | undefined,
  {
    record,
    body,
    manager,
  }: { readonly record: StoredRecord | undefined; readonly body: WrittenObject; readonly manager: string },
): FieldNotes {
  const note = annotationsOf(outcome?.value)[appliedConfiguration];
  if (outcome === undefined || typeof note !== "string") {
    return { managedFields: outcome?.managers ?? record?.managedFields ?? [] };
  }
  const isRenewed = manager === kubectl && body.lastApplied === undefined;
  const lastApplied = isRenewed ? `${JSON.stringify(body.written)}\n` : note;
  return { managedFields: outcome.managers, lastApplied };
}

/** 409 in Kubernetes' words, which kubectl adds to what can be done. */
function conflict(conflicts: readonly FieldConflict[]): StatusError {
  const lines = conflicts.map(({ owner, path }) => ({ who: ownerText(owner), path }));
  const causes = lines.map(({ who, path }) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${who}`,
    field: path,
  }));
  const [only] = lines;
  if (only !== undefined && lines.length === 1) {
    const message = `Apply failed with 1 conflict: conflict with ${only.who}: ${only.path}`;
    return new StatusError("Conflict", message, { causes });
  }
  const owners = [...new Set(lines.map(({ who }) => who))];
  const told = owners.flatMap((owner) => [
    `conflicts with ${owner}:`,
    ...lines.filter(({ who }) => who === owner).map(({ path }) => `- ${path}`),
  ]);
  return new StatusError("Conflict", `Apply failed with ${lines.length} conflicts: ${told.join("\n")}`, {
    causes,
  });
}

function ownerText({ manager, operation, apiVersion: version }: FieldConflict["owner"]): string {
  return operation === "Update" ? `${JSON.stringify(manager)} using ${version}` : JSON.stringify(manager);
}
