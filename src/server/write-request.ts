import { fileInRepository } from "../core/file-in-repository.ts";
import type { KindName } from "../api/names.ts";
import type { StoredRecord } from "../core/record.ts";
import type { Exchange } from "./exchange.ts";
import { refuseUnexpected, type ExpectedObject } from "./expected-object.ts";
import { detailsOf, StatusError } from "./failure.ts";
import type { ServedResource } from "./served-resource.ts";
import type { Services } from "./services.ts";
import type { SpecTarget } from "./spec-path.ts";

/** One request that changes an object. */
export interface WriteRequest {
  readonly services: Services;
  readonly resource: ServedResource;
  readonly exchange: Exchange;
  readonly target: SpecTarget;
  readonly dryRun: boolean;
}

/** Throws Forbidden where the object is not written here, Conflict where it is not the one that is meant. */
export function refuseUnwritable(
  { services, resource: { type } }: WriteRequest,
  record: StoredRecord,
  expected: ExpectedObject,
): void {
  refuseOtherSource(services, type, record);
  refuseUnexpected(type, record, expected);
}

/** Throws Forbidden where the text of an object stands elsewhere. */
export function refuseOtherSource({ writer, control }: Services, type: KindName, record: StoredRecord): void {
  refuseElement(type, record);
  const { source, path } = record.source;
  if (source === writer.source) return;
  const place = control.sources.list().find(({ name }) => name === source)?.spec;
  if (place?.type === "git") {
    const reason = "ManagedByGit";
    const branches = control.branches.branchesOf(source);
    const pushed =
      branches.length === 0 ? "" : `; or have ds01 push it for review: --branch ${branches.join(" or ")}`;
    const message =
      `"${record.name}" comes from Git: change ${fileInRepository(path, place)}, commit and push it; ` +
      `it is in effect within the interval, or at once after: ds01 sync now${pushed}`;
    const causes = [{ reason, message }];
    throw new StatusError("Forbidden", message, { ...detailsOf(type, record.name), causes });
  }
  const message = `"${record.name}" comes from the source "${source}"; change ${path} there`;
  throw new StatusError("Forbidden", message, detailsOf(type, record.name));
}

/** Throws Forbidden for one of several objects that one text declares. */
export function refuseElement(type: KindName, { name, source: { path, element } }: StoredRecord): void {
  if (element === undefined) return;
  const message =
    `"${name}" is number ${element.index} of the replicas of "${element.of}" (${path}): ` +
    `change, stop or delete ${element.of}, which means all of them; spec.replicas says how many there are`;
  throw new StatusError("Forbidden", message, detailsOf(type, name));
}
