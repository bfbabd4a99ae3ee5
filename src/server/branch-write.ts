import { branchPushAnswer } from "../api/branch-push.ts";
import { isWrittenKind } from "../api/document.ts";
import type { KindName } from "../api/names.ts";
import { mustBeBranchName } from "../core/push-rules.ts";
import type { StoredRecord } from "../core/record.ts";
import type { Verb } from "./access.ts";
import { composeEdit, composeWhole } from "./compose-document.ts";
import { deletionOf } from "./deletion.ts";
import { refuseMissing, refuseUnexpected, refuseUnexpectedDeletion } from "./expected-object.ts";
import { sendJson } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import { detailsOf, notFound, StatusError } from "./failure.ts";
import type { MergePatch } from "./merge-patch.ts";
import { isObject } from "./merge-patch.ts";
import { presentRecord } from "./present.ts";
import { recordOf, specPathFor } from "./spec-path.ts";
import { findDocument, namesNothing, removeDocument } from "./spec-text.ts";
import { refuseElement } from "./write-request.ts";
import type { WriteRequest } from "./write-request.ts";
import { changeOf, checkChange } from "./write-spec.ts";
import type { SpecWrite } from "./write-spec.ts";
import { isApplyPatch, readPatch, readWrittenObject } from "./written-object.ts";

/** Query parameter of a write that goes to a branch instead. */
const parameterName = "branch";

/** Whether a write is to go to a branch of the repository that the object comes from. */
export function asksForBranch({ query }: Exchange): boolean {
  return query.has(parameterName);
}

/** BadRequest where a branch is named for something that does not go to one. */
export function refuseBranch(exchange: Exchange): void {
  if (!asksForBranch(exchange)) return;
  throw new StatusError("BadRequest", "branch: goes with PUT, DELETE, and PATCH other than apply");
}

/** What is wanted of the file, and of the commit. */
interface Wanted {
  readonly message: string;
  readonly dryRun: boolean;
  readonly edit: (before: string | undefined) => Promise<string | null>;
}

/** Pushes what a PUT, PATCH or DELETE asks for to a branch, checked as if it were written here; answers a BranchPush. */
export async function writeToBranch(request: WriteRequest, verb: Verb): Promise<void> {
  const { services, exchange, target, resource } = request;
  const { type } = resource;
  const names = exchange.query.getAll(parameterName);
  const [branch = ""] = names;
  if (names.length > 1) throw new StatusError("BadRequest", "branch: name one");
  mustBeBranchName(branch);
  if (!isWrittenKind(type.kind)) throw new TypeError(`${type.kind} is not written by people`);
  const record = recordOf(services.control.store, type, target);
  if (record !== undefined) refuseElement(type, record);
  const path = specPathFor(services.control.store, type, target);
  const wanted = await wantedOf(request, { verb, record, path });
  const { user } = exchange.caller;
  const pushed = await services.control.branches.push({
    ...wanted,
    identity: { kind: type.kind, namespace: target.namespace ?? "", name: target.name },
    branch,
    path,
    by: user,
    message: `${wanted.message}\n\nMade at the machine by ${user} with ds01.`,
  });
  sendJson(exchange.response, 200, branchPushAnswer({ branch, dryRun: wanted.dryRun, ...pushed }));
}

interface Found {
  readonly verb: Verb;
  readonly record: StoredRecord | undefined;
  readonly path: string;
}

async function wantedOf(request: WriteRequest, found: Found): Promise<Wanted> {
  if (found.verb === "delete") return removal(request, found);
  const { services, target, dryRun, resource } = request;
  const { type } = resource;
  const { compose, message } =
    found.verb === "patch" ? await patchOf(request, found) : await replacementOf(request, found);
  const edit = async (before: string | undefined): Promise<string> => {
    const change = changeOf({ type, target, compose }, found.path, before);
    await checkChange(services, { type, target }, change);
    return change.after;
  };
  return { message, dryRun, edit };
}

type Composed = Pick<SpecWrite, "compose"> & { readonly message: string };

async function replacementOf(
  { exchange, target, resource }: WriteRequest,
  { record }: Found,
): Promise<Composed> {
  const { type } = resource;
  const body = await readWrittenObject(exchange, type, target);
  if (record !== undefined) refuseUnexpected(type, record, body.expected);
  else refuseMissing(type, target.name, body.expected);
  const message = `${record === undefined ? "Declare" : "Change"} ${named(type, target)}`;
  return { compose: composeWhole(record, body), message };
}

async function patchOf(request: WriteRequest, { record }: Found): Promise<Composed> {
  const { exchange, target, resource } = request;
  const { type } = resource;
  if (isApplyPatch(exchange)) refuseBranch(exchange);
  const wanted = await readPatch(exchange, type, target);
  if (record === undefined) throw notInEffect(request);
  const message = `Change ${named(type, target)}`;
  if ("patched" in wanted) {
    const body = wanted.patched(presentRecord(record));
    refuseUnexpected(type, record, body.expected);
    return { compose: composeWhole(record, body), message };
  }
  refuseUnexpected(type, record, wanted.expected);
  const state = onlyState(wanted.patch);
  return {
    compose: composeEdit(type, target, wanted.patch),
    message: state === undefined ? message : `Declare ${named(type, target)} ${state}`,
  };
}

/** What `ds01 start` and `stop` ask for; undefined for other patches. */
function onlyState(patch: MergePatch): string | undefined {
  const { spec, ...others } = patch;
  if (!isObject(spec) || Object.keys(others).length > 0 || Object.keys(spec).length !== 1) return undefined;
  const state = spec["desiredState"];
  // Checked only later, and the first line of a commit is no place for anything else.
  return typeof state === "string" && /^[A-Za-z]{1,20}$/.test(state) ? state : undefined;
}

async function removal(request: WriteRequest, { record }: Found): Promise<Wanted> {
  const { exchange, target, resource } = request;
  const { type } = resource;
  const deletion = await deletionOf(exchange);
  if (record === undefined) throw notInEffect(request);
  refuseUnexpectedDeletion(type, record, deletion.expected);
  return {
    message: `Delete ${named(type, target)}`,
    dryRun: request.dryRun || deletion.dryRun,
    edit: async (before) => {
      if (before === undefined) return null;
      const slice = findDocument(before, { kind: type.kind, ...target });
      if (slice !== undefined) return removeDocument(before, slice);
      // A file that names nothing is its object's; one without the object says already what is wanted.
      return namesNothing(before) ? null : before;
    },
  };
}

/** 404: a branch that is not merged may have it, which nobody asks the server for. */
function notInEffect({ exchange, target, resource }: WriteRequest): StatusError {
  const { message } = notFound(resource.type, target.name);
  const branch = exchange.query.get(parameterName) ?? "";
  const how = `ds01 apply -f FILE --branch ${branch}`;
  const told = `${message}: nothing in effect declares it; what stands only on a branch is changed there, or by ${how}`;
  return new StatusError("NotFound", told, detailsOf(resource.type, target.name));
}

function named(type: KindName, { namespace, name }: WriteRequest["target"]): string {
  return `${type.singular} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}
