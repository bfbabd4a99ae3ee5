import { stringify } from "yaml";
import { parseSpecText } from "../../src/api/parse.ts";
import { convertResourceLimits } from "../../src/api/resource-limits/convert.ts";
import type { Conversion, LimitsFiles } from "../../src/api/resource-limits/convert.ts";
import type { QuotaRecord } from "../../src/core/record.ts";
import { admittedQuota } from "./quotas.ts";

/** What to convert: the file as text or as an object, and what lies beside it. */
export interface ScriptLimits {
  readonly limits: string | object;
  readonly members?: Readonly<Record<string, string>>;
  readonly overrides?: string | object;
}

/** Converts `resource-limits.yaml`, `<group>.members` and `user-overrides.yaml`. */
export function convert({ limits, members = {}, overrides }: ScriptLimits): Conversion {
  const files: LimitsFiles = {
    limits: { path: "resource-limits.yaml", text: written(limits) },
    members: Object.entries(members).map(([group, text]) => ({ path: `groups/${group}.members`, text })),
    overrides: overrides === undefined ? null : { path: "user-overrides.yaml", text: written(overrides) },
    exemptions: null,
  };
  return convertResourceLimits(files);
}

/** The quotas of a conversion as the controller admits them; throws when one is not valid. */
export function admitted({ quotas }: Conversion): readonly QuotaRecord[] {
  return quotas.map(({ name, text }) => {
    const { documents, problems } = parseSpecText(text, { path: `${name}.yaml`, expect: "QuotaSpec" });
    const [document] = documents;
    if (document?.kind !== "QuotaSpec" || problems.length > 0 || document.metadata.name !== name) {
      throw new Error(`${name}: ${problems.map(({ message }) => message).join("; ")}\n${text}`);
    }
    return admittedQuota(name, document.spec);
  });
}

function written(value: string | object): string {
  return typeof value === "string" ? value : stringify(value);
}

/** The text of one of the quotas; empty when there is none of this name. */
export function textOf({ quotas }: Conversion, name: string): string {
  return quotas.find((quota) => quota.name === name)?.text ?? "";
}
