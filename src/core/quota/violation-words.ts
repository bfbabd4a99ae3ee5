import type { ContainerSpecSpec } from "../../api/container.ts";
import type { Device } from "../schedule/device.ts";
import type { HostPathGrant } from "./host-path-grant.ts";
import type { Origin, ResolvedQuota } from "./limits.ts";

/** What must be known beside spec and quota; nothing of it is looked up here. */
export interface QuotaFacts {
  /** How the object is called in messages: `alice/big`. */
  readonly object: string;
  /** For the size of a slice; empty when nothing is known. */
  readonly devices: readonly Device[];
  /** Written host path -> path with every link resolved; absent while it has not been looked at. */
  readonly realPaths: ReadonlyMap<string, string>;
  /** Paths that no grant opens (Docker's socket, ds01's own directories), links resolved; absent: none are known. */
  readonly protectedPaths?: readonly string[];
  /** Volumes that presets brought, from this place on, and what these grant; absent: none. */
  readonly presets?: { readonly from: number; readonly grants: readonly HostPathGrant[] };
}

/** Who asks for what, and what is granted. */
export interface Subject {
  readonly spec: ContainerSpecSpec;
  readonly quota: ResolvedQuota;
  readonly facts: QuotaFacts;
}

/** `quota "students" forbids it`, or that nobody says anything. */
export function notGranted(origin: Origin): string {
  return origin.from === "quota" ? `quota "${origin.quota ?? ""}" forbids it` : "no quota grants it";
}

/** `quota "students" allows`. */
export function allowing(origin: Origin): string {
  return origin.from === "quota" ? `quota "${origin.quota ?? ""}" allows` : "ds01 allows";
}

/** ` (quotas/students.yaml:7)`, or nothing for what is built in. */
export function at(origin: Origin): string {
  return origin.place === null ? "" : ` (${origin.place})`;
}

/** ` allows A, B (quotas/students.yaml:7)`, or who grants nothing. */
export function grantedOnly(origin: Origin, granted: readonly string[], what: string): string {
  if (origin.from === "built-in" && granted.length === 0) return `no quota grants ${what}`;
  return `${allowing(origin)} ${granted.join(", ") || "none"}${at(origin)}`;
}
