import type { WrittenKind } from "./document.ts";

/** How long an object that was deleted can be brought back, in milliseconds. */
export const undeleteMs = 24 * 60 * 60_000;

/** An object whose spec is gone, as the API tells those who may bring it back. */
export interface DeletedObject {
  readonly kind: WrittenKind;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
  /** Where it stood, as people know it. */
  readonly path: string;
  /** RFC 3339. */
  readonly deletedAt: string;
  /** Until when it can be brought back, RFC 3339. */
  readonly until: string;
  readonly cause: string;
  /** The document that declares it again. */
  readonly document: {
    readonly apiVersion: string;
    readonly kind: WrittenKind;
    readonly metadata: {
      readonly name: string;
      readonly namespace?: string;
      readonly labels?: Readonly<Record<string, string>>;
      readonly annotations?: Readonly<Record<string, string>>;
    };
    readonly spec: unknown;
  };
}
