import type { KindName } from "../../api/names.ts";
import type { StatusObject } from "../../api/status-error.ts";
import { fileInRepository } from "../../core/file-in-repository.ts";
import type { StoredRecord } from "../../core/record.ts";
import type { Verb } from "../access.ts";
import { parameter, sendJson } from "../exchange.ts";
import type { Exchange } from "../exchange.ts";
import { detailsOf, notFound, qualified, StatusError } from "../failure.ts";
import { deletionOf, refuseOtherDeletion } from "../deletion.ts";
import { createKeyedLock } from "../keyed-lock.ts";
import { isObject, mergePatchBetween } from "../merge-patch.ts";
import type { MergePatch } from "../merge-patch.ts";
import { presentRecord } from "../present.ts";
import type { Route } from "../router.ts";
import type { ServedResource } from "../served-resource.ts";
import type { Services } from "../services.ts";
import { recordOf, specPathFor } from "../spec-path.ts";
import type { SpecTarget } from "../spec-path.ts";
import { editDocument, findDocument, namesNothing, removeDocument, renderDocument } from "../spec-text.ts";
import { ownerOf, requestResync, writeSpec } from "../write-spec.ts";
import { readPatch, readWrittenObject } from "../written-object.ts";
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

interface WriteRequest {
  readonly services: Services;
  readonly resource: ServedResource;
  readonly exchange: Exchange;
  readonly target: SpecTarget;
  readonly dryRun: boolean;
}

async function create(request: WriteRequest, body: WrittenObject): Promise<void> {
  const { services, target, exchange } = request;
  const { type } = request.resource;
  if (recordOf(services.control.store, type, target) !== undefined) {
    const message = `${qualified(type)} "${target.name}" already exists`;
    throw new StatusError("AlreadyExists", message, detailsOf(type, target.name));
  }
  const compose = (_: string | undefined, path: string): string =>
    body.text ?? renderDocument(body.written, path);
  sendJson(exchange.response, 201, await writeSpec(services, { ...request, type, compose }));
}

/** Replaces an object, or creates it: `ds01 apply` need not know which. One that is being deleted comes back. */
async function replace(request: WriteRequest): Promise<void> {
  const { services, target, exchange } = request;
  const { type } = request.resource;
  const body = await readWrittenObject(exchange, type, target);
  const record = recordOf(services.control.store, type, target);
  if (record === undefined) {
    if (body.resourceVersion !== undefined) throw notFound(type, target.name);
    await create(request, body);
    return;
  }
  await putInPlace(request, record, body);
}

async function putInPlace(request: WriteRequest, record: StoredRecord, body: WrittenObject): Promise<void> {
  const { services, exchange } = request;
  const { type } = request.resource;
  refuseUnwritable(request, record, body.resourceVersion);
  const compose = (current: string | undefined, path: string): string =>
    body.text ??
    (current === undefined || record.spec === null
      ? renderDocument(body.written, path)
      : editDocument(current, changesTo(record, body)));
  sendJson(exchange.response, 200, await writeSpec(services, { ...request, type, compose }));
}

/** Only what differs from the object, so that defaults it carries do not end up in the file. */
function changesTo(record: StoredRecord, body: WrittenObject): MergePatch {
  const { labels, annotations } = body.written.metadata;
  const spec: unknown = record.spec;
  const metadata = mergePatchBetween(
    { labels: record.labels, annotations: record.annotations },
    { labels: labels ?? {}, annotations: annotations ?? {} },
  );
  const patch = { metadata, spec: mergePatchBetween(isObject(spec) ? spec : {}, body.written.spec) };
  return Object.fromEntries(Object.entries(patch).filter(([, part]) => Object.keys(part).length > 0));
}

async function patch(request: WriteRequest): Promise<void> {
  const { services, target, exchange } = request;
  const { type } = request.resource;
  const wanted = await readPatch(exchange, type, target);
  const record = recordOf(services.control.store, type, target);
  if (record === undefined) throw notFound(type, target.name);
  if ("patched" in wanted) {
    await putInPlace(request, record, wanted.patched(presentRecord(record)));
    return;
  }
  const body = wanted;
  refuseUnwritable(request, record, body.resourceVersion);
  const compose = (current: string | undefined, path: string): string => {
    if (current !== undefined) return editDocument(current, body.patch);
    const message = `the document of "${target.name}" was not found in ${path}; mend the file first, or apply it whole`;
    throw new StatusError("Conflict", message, detailsOf(type, target.name));
  };
  sendJson(exchange.response, 200, await writeSpec(services, { ...request, type, compose }));
}

/** Removes the text; the object goes when its container is gone. */
async function remove(request: WriteRequest): Promise<void> {
  const { services, target, exchange } = request;
  const { type } = request.resource;
  const deletion = await deletionOf(exchange);
  const record = recordOf(services.control.store, type, target);
  if (record === undefined) throw notFound(type, target.name);
  refuseOtherSource(services, type, record);
  refuseOtherDeletion(type, record, deletion);
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
  const text = source.path === "" ? undefined : await writer.read(source.path);
  if (text === undefined) return;
  const slice = findDocument(text, { kind: type.kind, ...removal.target });
  if (slice === undefined && !namesNothing(text)) {
    const message = `${source.path} no longer holds "${name}"; the controller notices within seconds`;
    throw new StatusError("Conflict", message, detailsOf(type, name));
  }
  const rest = slice === undefined ? null : removeDocument(text, slice);
  control.expectRemoval(kind, namespace, name, removal.actor);
  if (rest === null) await writer.remove(source.path);
  else await writer.write(source.path, rest, ownerOf(removal.target));
}

function refuseUnwritable(
  { services, resource: { type } }: WriteRequest,
  record: StoredRecord,
  resourceVersion: string | undefined,
): void {
  refuseOtherSource(services, type, record);
  if (resourceVersion !== undefined && resourceVersion !== String(record.resourceVersion)) {
    throw new StatusError(
      "Conflict",
      `Operation cannot be fulfilled on ${qualified(type)} "${record.name}": the object has been modified; ` +
        "please apply your changes to the latest version and try again",
      detailsOf(type, record.name),
    );
  }
}

function refuseOtherSource({ writer, control }: Services, type: KindName, record: StoredRecord): void {
  const { source, path, element } = record.source;
  if (element !== undefined) {
    const message =
      `"${record.name}" is number ${element.index} of the replicas of "${element.of}" (${path}): ` +
      `change, stop or delete ${element.of}, which means all of them; spec.replicas says how many there are`;
    throw new StatusError("Forbidden", message, detailsOf(type, record.name));
  }
  if (source === writer.source) return;
  const place = control.sources.list().find(({ name }) => name === source)?.spec;
  if (place?.type === "git") {
    const reason = "ManagedByGit";
    const message =
      `"${record.name}" comes from Git: change ${fileInRepository(path, place)}, commit and push it; ` +
      "it is in effect within the interval, or at once after: ds01 sync now";
    const causes = [{ reason, message }];
    throw new StatusError("Forbidden", message, { ...detailsOf(type, record.name), causes });
  }
  const message = `"${record.name}" comes from the source "${source}"; change ${path} there`;
  throw new StatusError("Forbidden", message, detailsOf(type, record.name));
}

/** Whether the caller only asks; BadRequest for another word than All. */
export function dryRunOf(query: URLSearchParams): boolean {
  const values = query.getAll("dryRun");
  if (values.some((value) => value !== "All" && value !== "")) {
    throw new StatusError("BadRequest", 'dryRun: the only supported value is "All"');
  }
  return values.includes("All");
}
