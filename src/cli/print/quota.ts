import type { EventObject } from "../../api/event.ts";
import type { ApiObject } from "../../api/meta.ts";
import type { QuotaSpecSpec, QuotaStatus } from "../../api/quota.ts";
import { oneLine } from "../terminal.ts";
import { alignRows } from "./columns.ts";
import { equivalents, renderEvents } from "./description.ts";
import type { DescriptionStyle } from "./description.ts";
import { renderFields } from "./fields.ts";

/** A quota: whom it applies to, what it grants under the names of the file, who uses how much. */
export function renderQuota(
  quota: ApiObject<QuotaSpecSpec, QuotaStatus>,
  events: readonly EventObject[],
  style: DescriptionStyle,
): string {
  const { spec, status } = quota;
  const { subjects, ...grants } = spec ?? { subjects: { default: false } };
  const rows = flatten(grants).map(([field, value]) => [`  ${field}`, oneLine(value)]);
  const users = (status?.users ?? []).map((user) => [
    `  ${user.name}`,
    String(user.containers),
    equivalents(user.gpuEquivalents),
  ]);
  const refused = (status?.conditions ?? []).filter((condition) => condition.status === "False");
  return [
    renderFields([
      ["Name", [quota.metadata.name]],
      ["Applies to", [subjectText(subjects)]],
      ["Rejected", refused.map((condition) => `${condition.reason}: ${condition.message}`)],
      ["Source", sourceLines(status)],
    ]),
    rows.length === 0
      ? "Grants:      nothing is limited, nothing more is granted\n"
      : `Grants:\n${alignRows(rows)}`,
    users.length === 0
      ? "Used by:     nobody\n"
      : `Used by:\n${alignRows([["  USER", "CONTAINERS", "GPU-EQUIVALENTS"], ...users])}`,
    renderEvents(events, style),
  ].join("");
}

function subjectText(subjects: QuotaSpecSpec["subjects"]): string {
  const parts = [
    ...((subjects.users ?? []).length === 0 ? [] : [`users ${(subjects.users ?? []).join(", ")}`]),
    ...((subjects.groups ?? []).length === 0 ? [] : [`groups ${(subjects.groups ?? []).join(", ")}`]),
    ...(subjects.default ? ["everybody for whom no other quota says it"] : []),
  ];
  return parts.length === 0 ? "nobody" : parts.join("; ");
}

function sourceLines(status: QuotaStatus | undefined): readonly string[] {
  if (status === undefined) return [];
  const { path, revision } = status.source;
  return [revision === undefined ? path : `${path}, revision ${revision}`];
}

/** `gpus.nominal` -> `2`, in the order of the file; lists stay on one line. */
function flatten(value: unknown, path = ""): readonly (readonly [field: string, text: string])[] {
  if (value === undefined) return [];
  if (value === null || typeof value !== "object") return [[path, textOf(value)]];
  if (Array.isArray(value)) {
    return [[path, value.map(textOf).join(", ")]];
  }
  return Object.entries(value).flatMap(([name, member]) =>
    flatten(member, path === "" ? name : `${path}.${name}`),
  );
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
