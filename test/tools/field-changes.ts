import { fieldPolicy, ioPolicy, resourcePolicy, type FieldPolicy } from "../../src/core/plan/field-policy.ts";

const begin = "<!-- generated from src/core/plan/field-policy.ts by: npm run gen -->";
const end = "<!-- end of what is generated -->";

const meanings: Readonly<Record<Exclude<FieldPolicy, "mixed">, string>> = {
  "in-place":
    "the running container is updated; with GPUs that come from the NVIDIA hook a new one takes its place, because an update would take them away",
  recreate: "a new container takes its place and keeps the GPU; files outside volumes are lost",
  devices: "a new container, only if the devices it holds no longer fit",
  "controller-only": "nothing in Docker is touched",
};

/** Every field of `spec` with its policy, parts of a mixed one for themselves. */
export function fieldPolicies(): readonly (readonly [field: string, policy: FieldPolicy])[] {
  const below = (parent: string, policies: Readonly<Record<string, FieldPolicy>>) =>
    Object.entries(policies).map(([name, policy]) => [`${parent}${name}`, policy] as const);
  return [
    ...below("", fieldPolicy),
    ...below("resources.", resourcePolicy),
    ...below("resources.io.", ioPolicy),
  ].filter(([, policy]) => policy !== "mixed");
}

/** The text of docs/spec/containerspec.md with its table of changes made anew; throws when it has no place for it. */
export function withFieldChanges(text: string): string {
  const from = text.indexOf(begin);
  const to = text.indexOf(end, from);
  if (from === -1 || to < from) {
    throw new Error(
      `docs/spec/containerspec.md has no place for the table of changes: it needs\n${begin}\n${end}`,
    );
  }
  const rows = Object.entries(meanings).map(([policy, meaning]) => {
    const fields = fieldPolicies().flatMap(([field, own]) => (own === policy ? [`\`${field}\``] : []));
    return `| ${fields.toSorted().join(", ")} | ${meaning} |`;
  });
  const table = ["| change of | effect |", "|---|---|", ...rows].join("\n");
  return `${text.slice(0, from)}${begin}\n\n${table}\n\n${text.slice(to)}`;
}
