import { column } from "./column.ts";
import type { Column } from "./column.ts";
import type { ApiObject } from "./meta.ts";
import type { PresetSpec } from "./preset.ts";

export type PresetObject = ApiObject<PresetSpec>;

/** What `ds01 get presets` shows. */
export const presetColumns: readonly Column<PresetObject>[] = [
  column({
    name: "Name",
    format: "name",
    description: "Word for spec.presets.",
    jsonPath: ".metadata.name",
    cell: ({ metadata }) => metadata.name,
  }),
  column({
    name: "Mount",
    description: "Where it appears inside the container.",
    jsonPath: ".spec.mountPath",
    cell: ({ spec }) =>
      spec === undefined ? null : `${spec.mountPath}${spec.readOnly ? " (read-only)" : ""}`,
  }),
  column({
    name: "Source",
    description: "The directory of the host, or Docker's volume, for {user} with {home}.",
    jsonPath: ".spec.source",
    cell: ({ spec }) =>
      spec === undefined ? null : `${spec.mode === "named" ? "volume " : ""}${spec.source}`,
  }),
  column({
    name: "Env",
    description: "Names of the variables that go with it.",
    jsonPath: ".spec.env",
    cell: ({ spec }) => spec?.env.join(",") ?? "",
  }),
];
