import { formatBytes } from "../util/quantity.ts";
import { column, wideColumn } from "./column.ts";
import type { Column } from "./column.ts";
import type { ImageSpec, ImageStatus, ImageUser } from "./image.ts";
import type { ApiObject } from "./meta.ts";
import { ageText } from "./relative-time.ts";

export type ImageObject = ApiObject<ImageSpec, ImageStatus>;

/** So many of its users stand in a table; the others are counted. */
const shownUsers = 3;

/** What `ds01 get images` shows. */
export const imageColumns: readonly Column<ImageObject>[] = [
  column({
    name: "ID",
    format: "name",
    description: "The short id.",
    jsonPath: ".metadata.name",
    cell: ({ metadata }) => metadata.name,
  }),
  column({
    name: "Image",
    description: "Its name and tag; one of several.",
    cell: ({ spec }) => (spec === undefined ? null : nameCell(spec)),
  }),
  column({
    name: "Size",
    description: "Its size, with the layers that it shares with others.",
    cell: ({ spec }) => (spec === undefined ? null : formatBytes(spec.sizeBytes)),
  }),
  column({
    name: "Age",
    type: "date",
    description: "How long ago it was made.",
    jsonPath: ".metadata.creationTimestamp",
    cell: ({ metadata }, nowMs) => ageText(metadata.creationTimestamp, nowMs),
  }),
  column({
    name: "Origin",
    description: "What it was built for, or which alias gave it a name.",
    jsonPath: ".status.origin",
    cell: ({ status }) => (status === undefined ? null : originText(status)),
  }),
  column({
    name: "Used-By",
    description: "Objects and containers that use it.",
    cell: ({ status }) => usersCell(status?.usedBy ?? []),
  }),
  column({
    name: "Prunable",
    description: "Whether `ds01 prune images` removes it.",
    jsonPath: ".status.prunable",
    cell: ({ status }) => (status === undefined ? null : status.prunable ? "yes" : "no"),
  }),
  wideColumn({
    name: "Kept-Because",
    description: "Why it is not pruned.",
    jsonPath: ".status.keptBecause",
    cell: ({ status }) => status?.keptBecause ?? "",
  }),
  wideColumn({
    name: "Shared",
    description: "How much of its size it shares with other images.",
    cell: ({ spec }) => (spec?.sharedBytes === undefined ? "-" : formatBytes(spec.sharedBytes)),
  }),
  wideColumn({
    name: "Names",
    description: "All its names.",
    cell: ({ spec }) => spec?.names.join(",") ?? null,
  }),
];

function nameCell({ names }: ImageSpec): string {
  const [first = "<none>", ...others] = names.filter((name) => !name.includes("@"));
  return others.length === 0 ? first : `${first} and ${others.length} more`;
}

/** Where an image comes from, in a few words. */
export function originText({ origin, builtFor, aliases = [] }: ImageStatus): string {
  if (origin === "Built" && builtFor === undefined) return "built for others";
  if (origin === "Built") return `built for ${builtFor?.namespace}/${builtFor?.name}`;
  if (origin === "Other") return "pulled or local";
  if (aliases.length === 0) return "an alias of others";
  return aliases.map(({ name, users }) => `${name} is an alias of ${users.join(" and ")}`).join(", ");
}

/** `alice/train`, or `container web` for one that ds01 did not make. */
export function imageUserText({ namespace, name }: ImageUser): string {
  return namespace === undefined ? `container ${name}` : `${namespace}/${name}`;
}

/** Who is named in the table: an object once, though its spec and its container both use it. */
function usersCell(users: readonly ImageUser[]): string {
  const names = [...new Set(users.map(imageUserText))];
  const more = names.length - shownUsers;
  return names.slice(0, shownUsers).join(",") + (more > 0 ? ` and ${more} more` : "");
}
