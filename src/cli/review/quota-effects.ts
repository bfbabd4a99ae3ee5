import type { Preview } from "../../api/description.ts";
import type {
  AffectedObject,
  CandidateTarget,
  OverQuota,
  QuotaPreview,
  QuotaPreviewRequest,
} from "../../api/quota-preview.ts";
import type { Context } from "../context.ts";
import type { Declared } from "../declared.ts";
import { DeniedError, NotFoundError } from "../../util/errors.ts";
import { printable } from "../terminal.ts";
import { outcomeOf } from "./change-outcome.ts";
import type { ChangeOutcome, ReviewedObject } from "./change-outcome.ts";

/** What is declared, with what merging would do to it. */
export interface Judged {
  readonly declared: Declared;
  readonly outcome: ChangeOutcome;
}

/** Whom the quotas of a candidate would affect; null where none of them is another than now. */
export async function quotaEffects(
  judged: readonly Judged[],
  removed: readonly CandidateTarget[],
  context: Context,
): Promise<QuotaPreview | null> {
  const request: QuotaPreviewRequest = { documents: judged.flatMap(documentOf), removed };
  const quotas = [...request.documents, ...removed].filter(({ kind }) => kind === "QuotaSpec");
  if (quotas.length === 0) return null;
  try {
    return await context.client.quotaPreview(request);
  } catch (error) {
    // Not for everybody, and a controller of an earlier version knows nothing of it.
    if (!(error instanceof DeniedError || error instanceof NotFoundError)) throw error;
    context.tell(`whom the quotas would affect is not told: ${error.message}`);
    return null;
  }
}

/** The same for who looks at previews one by one: printed below them. */
export async function tellQuotaEffects(
  previews: readonly { readonly declared: Declared; readonly preview: Preview }[],
  context: Context,
): Promise<void> {
  const judged = previews.map(({ declared, preview }) => ({ declared, outcome: outcomeOf(preview) }));
  const effects = await quotaEffects(judged, [], context);
  if (effects === null) return;
  context.print(printable(`\nquotas\n${effectLines(effects).map(indented).join("")}`));
}

function indented(line: string): string {
  return `  ${line.replaceAll("\n", "\n    ")}\n`;
}

/** Puts each effect beside the quota that has it: the one that would count for its user, else the first that changes. */
export function withEffects(
  objects: readonly ReviewedObject[],
  effects: QuotaPreview | null,
): readonly ReviewedObject[] {
  const changed = objects.filter(
    ({ object, outcome }) => object.startsWith("quotas/") && !stays.has(outcome),
  );
  if (effects === null) return objects;
  const isOf = (one: ReviewedObject): ((effect: { readonly quota: string | null }) => boolean) => {
    return ({ quota }) => (changed.find(({ object }) => object === `quotas/${quota}`) ?? changed[0]) === one;
  };
  return objects.map((one) => {
    const affects = { over: effects.over.filter(isOf(one)), objects: effects.objects.filter(isOf(one)) };
    if (!changed.includes(one)) return one;
    return { ...one, notes: [...one.notes, ...effectLines(affects)], affects };
  });
}

const stays: ReadonlySet<ChangeOutcome> = new Set(["unchanged", "invalid", "refused"]);

function documentOf({ declared, outcome }: Judged): QuotaPreviewRequest["documents"] {
  const { kind: named, target, yaml } = declared;
  const { kind } = named;
  if (outcome === "unchanged" || outcome === "invalid") return [];
  if (kind !== "ContainerSpec" && (kind !== "QuotaSpec" || outcome === "refused")) return [];
  // What a container is refused for now may be what another quota of the candidate allows.
  return [{ kind, namespace: target.namespace ?? "", name: target.name, text: yaml }];
}

/** The same for people, a sentence or two each. */
function effectLines({ over, objects }: QuotaPreview): readonly string[] {
  if (over.length + objects.length === 0) return ["nobody is affected by the quotas"];
  return [
    ...over.map(overLine),
    ...objects.map(objectLine),
    "nobody is stopped at once by a quota: what runs goes on",
  ];
}

function overLine({ user, limit, used, allowed, over, place, quota, objects }: OverQuota): string {
  const counted = objects.map(({ name, amount: each }) =>
    limit === "containers" ? name : `${name} ${amount(each)}`,
  );
  const unit =
    limit === "containers" ? `${used} container${used === 1 ? "" : "s"}` : `${amount(used)} GPU-equivalents`;
  const where = place === null ? "" : ` (${place})`;
  return `${user} would be over quota by ${amount(over)}: uses ${unit}, quota "${quota ?? "built-in"}" allows ${amount(allowed)}${where}; counted: ${counted.join(", ")}`;
}

const words: Readonly<Record<AffectedObject["outcome"], string>> = {
  queued: "would be queued",
  refused: "would be refused",
  borrows: "would be beyond its owner's quota",
};

function objectLine({ name, outcome, running, reason, message }: AffectedObject): string {
  const what =
    outcome === "refused" && running ? "runs on, and would be refused at its next start" : words[outcome];
  return `${name} ${what}${outcome === "borrows" ? "" : ` (${reason})`}: ${message}`;
}

/** Sevenths of a GPU have no end. */
function amount(value: number): string {
  return String(Number(value.toFixed(3)));
}
