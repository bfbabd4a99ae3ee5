import type { ApiObject, Condition } from "../api/meta.ts";
import { selectJsonPath } from "./print/jsonpath.ts";
import { UsageError } from "./usage-error.ts";

/** What `ds01 wait --for` waits for. */
export type Wanted =
  | { readonly type: "deleted" }
  | { readonly type: "state"; readonly text: string; met(object: ApiObject): boolean };

interface WatchedStatus {
  readonly phase?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
}

/** Reads `condition=TYPE[=STATUS]`, `phase=PHASE`, `jsonpath=PATH=VALUE` or `delete`. */
export function parseWanted(text: string | undefined): Wanted {
  if (text === "delete") return { type: "deleted" };
  const condition = /^condition=([A-Za-z]+)(?:=(\w+))?$/.exec(text ?? "");
  if (condition !== null) {
    const [, type = "", status = "True"] = condition;
    return {
      type: "state",
      text: `condition ${type}=${status}`,
      met: (object) => hasCondition(object, type, status),
    };
  }
  const phase = /^phase=(\w+)$/.exec(text ?? "")?.[1];
  if (phase !== undefined) {
    return {
      type: "state",
      text: `phase ${phase}`,
      met: (object) =>
        isCurrent(object, statusOf(object).observedGeneration) && same(statusOf(object).phase, phase),
    };
  }
  const [, path, value] = /^jsonpath='?(.+?\}|[^{=]+)'?=(.*)$/s.exec(text ?? "") ?? [];
  if (path !== undefined && value !== undefined) {
    return {
      type: "state",
      text: `${path} = ${value}`,
      met: (object) => selectJsonPath(path, object).some((found) => String(found) === value),
    };
  }
  throw new UsageError(
    text === undefined
      ? "say what to wait for: --for=condition=Ready, --for=phase=Running or --for=delete"
      : `cannot wait for "${text}"; write condition=TYPE[=STATUS], phase=PHASE, jsonpath=PATH=VALUE or delete`,
  );
}

/** What an object is now, for the message of a wait that timed out. */
export function presentState(object: ApiObject): string {
  const { phase, reason, message } = statusOf(object);
  const why = [reason, message].filter((part) => part !== undefined && part !== "").join(": ");
  return `${phase ?? "without a phase"}${why === "" ? "" : ` (${why})`}`;
}

function hasCondition(object: ApiObject, type: string, status: string): boolean {
  const condition = statusOf(object).conditions?.find((each) => same(each.type, type));
  // A condition of an older spec says nothing about the one that is declared now.
  return (
    condition !== undefined &&
    same(condition.status, status) &&
    isCurrent(object, condition.observedGeneration)
  );
}

function isCurrent(object: ApiObject, observedGeneration: number | undefined): boolean {
  return object.metadata.generation === undefined || observedGeneration === object.metadata.generation;
}

function same(found: string | undefined, wanted: string): boolean {
  return found?.toLowerCase() === wanted.toLowerCase();
}

function statusOf(object: ApiObject): WatchedStatus {
  return (object.status as WatchedStatus | undefined) ?? {};
}
