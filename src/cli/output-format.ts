import { UsageError } from "./usage-error.ts";

/** How `-o` wants objects printed. */
export type OutputFormat =
  | { readonly type: "table"; readonly wide: boolean }
  | { readonly type: "json" }
  | { readonly type: "yaml" }
  | { readonly type: "name" }
  | { readonly type: "jsonpath"; readonly template: string };

const words = "table, wide, json, yaml, name, jsonpath=TEMPLATE";

/** Reads the value of `-o`; nothing means a table. */
export function parseOutputFormat(text: string | undefined): OutputFormat {
  if (text === undefined || text === "" || text === "table") return { type: "table", wide: false };
  if (text === "wide") return { type: "table", wide: true };
  if (text === "json" || text === "yaml" || text === "name") return { type: text };
  const template = /^jsonpath=(.+)$/s.exec(text)?.[1];
  if (template !== undefined) return { type: "jsonpath", template: unquoted(template) };
  throw new UsageError(`unknown output format "${text}"; choose one of: ${words}`);
}

function unquoted(template: string): string {
  return /^'.*'$/s.test(template) ? template.slice(1, -1) : template;
}
