import type { KindName } from "../../api/names.ts";
import type { GpuRecord, SchedulingChange } from "../../ports/control-plane.ts";
import { parameter, sendJson } from "../exchange.ts";
import type { Exchange } from "../exchange.ts";
import { refuseUnexpected } from "../expected-object.ts";
import { detailsOf, notFound, StatusError } from "../failure.ts";
import { isObject } from "../merge-patch.ts";
import type { MergePatch } from "../merge-patch.ts";
import { presentGpu } from "../present.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";
import { readMergePatch } from "../written-object.ts";
import { authorize, collectionPattern } from "./reading.ts";
import { dryRunOf } from "./writing.ts";

/** Longest reason for a cordon, in characters. */
const reasonLimit = 500;

/** `PATCH .../gpus/NAME` of `spec.unschedulable`, as for a Node of Kubernetes; NAME is the slot or the UUID. */
export function gpuSchedulingRoutes(services: Services): readonly Route[] {
  const { type } = services.resources.of("Gpu");
  return [
    {
      method: "PATCH",
      pattern: `${collectionPattern(type)}/:name`,
      handle: (exchange) => patchGpu(services, type, exchange),
    },
  ];
}

async function patchGpu({ control }: Services, type: KindName, exchange: Exchange): Promise<void> {
  const name = parameter(exchange, "name");
  authorize(exchange.caller, "patch", type, { name });
  const dryRun = dryRunOf(exchange.query);
  const { patch, expected } = await readMergePatch(exchange);
  const current = control.gpus.list().find((gpu) => gpu.name === name || gpu.uid === name);
  if (current === undefined) throw notFound(type, name);
  refuseUnexpected(type, current, expected);
  const change = changeOf(type, current, { patch, by: exchange.caller.user });
  const changed = dryRun ? asPatched(current, change) : await control.setSchedulable(current.uid, change);
  if (changed === undefined) throw notFound(type, name);
  sendJson(exchange.response, 200, presentGpu(changed));
}

function changeOf(
  type: KindName,
  current: GpuRecord,
  { patch, by }: { readonly patch: MergePatch; readonly by: string },
): SchedulingChange {
  const { spec = {}, ...others } = patch;
  if (!isObject(spec)) throw new StatusError("BadRequest", "spec: wanted an object");
  const { unschedulable = current.spec.unschedulable ?? false, unschedulableReason, drain, ...fixed } = spec;
  const [wrong] = [...Object.keys(others), ...Object.keys(fixed).map((field) => `spec.${field}`)];
  const refuse = (field: string, message: string): StatusError => invalid(type, current.name, field, message);
  if (wrong !== undefined) {
    throw refuse(
      wrong,
      "cannot be changed; only spec.unschedulable, spec.unschedulableReason and spec.drain can",
    );
  }
  if (!isFlag(unschedulable)) throw refuse("spec.unschedulable", "wanted true or false");
  if (!isFlag(drain ?? null)) throw refuse("spec.drain", "wanted true or false");
  if (drain === true && unschedulable !== true) {
    throw refuse("spec.drain", "only what is unschedulable can be drained");
  }
  const reason = reasonIn(unschedulableReason);
  if (reason === undefined) {
    throw refuse("spec.unschedulableReason", `wanted a text of at most ${reasonLimit} characters`);
  }
  return { unschedulable: unschedulable === true, reason, by, ...(drain === true ? { drain } : {}) };
}

function isFlag(value: unknown): value is boolean | null {
  return typeof value === "boolean" || value === null;
}

/** Null where none is given; undefined for what is no reason. */
function reasonIn(value: unknown): string | null | undefined {
  if (value === undefined || value === null) return null;
  if (typeof value !== "string" || value.length > reasonLimit) return undefined;
  return value.trim() === "" ? null : value.trim();
}

function asPatched(current: GpuRecord, { unschedulable, reason, drain }: SchedulingChange): GpuRecord {
  const { unschedulable: _, unschedulableReason: before, drain: drained, ...spec } = current.spec;
  const why = reason ?? before;
  if (!unschedulable) return { ...current, spec };
  const drains = drain === true || drained === true;
  const written = {
    unschedulable,
    ...(why === undefined ? {} : { unschedulableReason: why }),
    ...(drains ? { drain: true } : {}),
  };
  return { ...current, spec: { ...spec, ...written } };
}

// eslint-disable-next-line max-params -- one row of an answer: of what, which field, what was wanted
function invalid(type: KindName, name: string, field: string, message: string): StatusError {
  return new StatusError("Invalid", `Gpu.ds01.io "${name}" is invalid: ${field}: ${message}`, {
    ...detailsOf(type, name),
    causes: [{ reason: "FieldValueInvalid", field, message: `${field}: ${message}` }],
  });
}
