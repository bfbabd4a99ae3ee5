import type { ApiObject } from "../../api/meta.ts";
import type { OutputFormat } from "../output-format.ts";
import { renderJson } from "./json.ts";
import { renderName } from "./name.ts";

type ObjectFormat = Exclude<OutputFormat, { type: "table" }>;

/** Whole objects as `-o` wants them: one as it is, several as a `List`. */
export async function renderObjects(
  objects: readonly ApiObject[],
  format: ObjectFormat,
  single: boolean,
): Promise<string> {
  if (format.type === "name") return objects.map((object) => `${renderName(object)}\n`).join("");
  const items = objects.map(withoutManagedFields);
  const [only] = items;
  const value = single && only !== undefined ? only : { apiVersion: "v1", kind: "List", items };
  return renderValue(value, format);
}

/** As kubectl shows objects: who wrote which field is for programs. */
function withoutManagedFields(object: ApiObject): ApiObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** One value in any format but a table. */
export async function renderValue(
  value: unknown,
  format: Exclude<ObjectFormat, { type: "name" }>,
): Promise<string> {
  switch (format.type) {
    case "json":
      return renderJson(value);
    case "yaml":
      return (await import("./yaml.ts")).renderYaml(value);
    case "jsonpath":
      return (await import("./jsonpath.ts")).renderJsonPath(format.template, value);
  }
}
