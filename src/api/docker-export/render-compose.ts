import { stringify } from "yaml";
import { ComposeText, composeService, externalNetwork } from "./compose-service.ts";
import { commentText } from "./comment-text.ts";
import type { ExportedContainer } from "./exported-container.ts";
import { notExported } from "./not-exported.ts";

/** Containers as a compose file with a service each, with comments on what it lacks; their names must differ. */
export function renderCompose(containers: readonly ExportedContainer[]): string {
  const comments = containers.flatMap((container) => {
    const { namespace, name } = container;
    return [`${namespace}/${name} of ds01.`, ...notExported(container)];
  });
  const networks = containers.flatMap((container) => externalNetwork(container) ?? []);
  const file = {
    services: Object.fromEntries(containers.map((container) => [container.name, composeService(container)])),
    networks: Object.fromEntries(networks.map((name) => [name, { external: true }])),
  };
  // Quotes around all texts, for Go's reader of YAML takes more of them as numbers and times than others do.
  const text = stringify(written(file), {
    lineWidth: 0,
    aliasDuplicateObjects: false,
    defaultStringType: "QUOTE_DOUBLE",
    defaultKeyType: "PLAIN",
  });
  return comments.map(commentText).join("") + text;
}

/** Without what says nothing, and with dollars doubled, for Compose puts variables into every value. */
function written(value: unknown): unknown {
  if (value instanceof ComposeText) return value.text;
  if (typeof value === "string") return value.replaceAll("$", "$$$$");
  if (Array.isArray(value)) return value.map(written);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).filter(([, field]) => !isNothing(field));
  return Object.fromEntries(fields.map(([name, field]) => [name, written(field)]));
}

function isNothing(value: unknown): boolean {
  if (value === undefined) return true;
  if (typeof value !== "object" || value === null || value instanceof ComposeText) return false;
  return Object.values(value).every(isNothing);
}
