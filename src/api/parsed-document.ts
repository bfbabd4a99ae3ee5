import type { ContainerSpecSpec } from "./container.ts";
import type { SpecIdentity } from "./identity.ts";
import type { WrittenMetadata } from "./meta.ts";
import type { Position } from "./problem.ts";
import type { QuotaSpecSpec } from "./quota.ts";
import type { ReservationSpecSpec } from "./reservation.ts";
import type { SweepElement } from "./sweep.ts";
import type { Span } from "./yaml-text.ts";

/** One document of a file that is right in every field; defaults are filled in. */
export type ParsedDocument = ParsedContainerSpec | ParsedQuotaSpec | ParsedReservationSpec;

interface ParsedDocumentBase {
  readonly identity: SpecIdentity;
  readonly metadata: WrittenMetadata;
  /** Which container of a sweep it stands for; absent: it is as it was written. */
  readonly element?: SweepElement;
  /** Field path such as `spec.gpus.nominal` -> where it is said. */
  readonly positions: Readonly<Record<string, Position>>;
}

export interface ParsedContainerSpec extends ParsedDocumentBase {
  readonly kind: "ContainerSpec";
  readonly spec: ContainerSpecSpec;
}

export interface ParsedQuotaSpec extends ParsedDocumentBase {
  readonly kind: "QuotaSpec";
  readonly spec: QuotaSpecSpec;
}

export interface ParsedReservationSpec extends ParsedDocumentBase {
  readonly kind: "ReservationSpec";
  readonly spec: ReservationSpecSpec;
}

/** A problem with its place in the text, before lines and columns are counted. */
export interface TextProblem extends Span {
  /** True when something is not there: after a syntax error that is no news. */
  readonly absent?: boolean;
  readonly field: string;
  readonly message: string;
}
