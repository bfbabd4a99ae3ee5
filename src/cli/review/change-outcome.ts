import type { Preview } from "../../api/description.ts";
import type { QuotaPreview } from "../../api/quota-preview.ts";
import { isUnchanged } from "../print/preview.ts";

/** What merging a change would do to one object. */
export type ChangeOutcome =
  | "invalid"
  | "refused"
  | "created"
  | "recreated"
  | "changed in place"
  | "removed"
  | "unchanged";

/** An object with what would become of it. */
export interface ReviewedObject {
  /** `containers/alice/train` */
  readonly object: string;
  readonly path: string;
  readonly outcome: ChangeOutcome;
  /** Fields that change; values stand in the files. */
  readonly fields: readonly string[];
  /** Refusals, what waits, what restarts, what is lost. */
  readonly notes: readonly string[];
  /** Somebody has it stopped for a while whatever the files say; absent: nobody. */
  readonly isOverridden?: boolean;
  /** Whom this and the other quotas of the candidate would affect; absent where it is no quota that changes. */
  readonly affects?: QuotaPreview;
}

/** The outcome of a preview, the gravest that fits. */
export function outcomeOf(preview: Preview): ChangeOutcome {
  if (preview.problems.length > 0) return "invalid";
  if (preview.refusal !== null) return "refused";
  if (!preview.exists) return "created";
  if (isUnchanged(preview)) return "unchanged";
  return preview.changes.some(({ effect }) => effect === "forces recreate")
    ? "recreated"
    : "changed in place";
}

/** What a reviewer has to know of a preview. */
export function reviewed(object: string, path: string, preview: Preview): ReviewedObject {
  const refusal = preview.refusal === null ? [] : [preview.refusal.message];
  const override = preview.override === undefined ? [] : [preview.override];
  return {
    object,
    path,
    outcome: outcomeOf(preview),
    fields: preview.exists ? preview.changes.map(({ field }) => field) : [],
    notes: [...preview.problems.map(({ message }) => message), ...refusal, ...override, ...preview.notes],
    isOverridden: preview.override !== undefined,
  };
}
