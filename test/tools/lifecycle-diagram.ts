import { phases } from "../../src/api/container.ts";
import type { Phase } from "../../src/api/container.ts";
import { factTypes, type FactType } from "../../src/core/lifecycle/fact-types.ts";
import { lifecycleTable } from "../../src/core/lifecycle/machine.ts";
import { actionWords, factWords, phaseWords } from "./lifecycle-words.ts";

const begin = "<!-- generated from src/core/lifecycle/machine.ts by: npm run gen -->";
const end = "<!-- end of what is generated -->";
const table = lifecycleTable();

/** The text of docs/lifecycle.md with the part between its marks made anew; throws when it has no marks. */
export function withLifecycle(text: string): string {
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from === -1 || to < from) {
    throw new Error(`docs/lifecycle.md has no place for the diagram: it needs the lines\n${begin}\n${end}`);
  }
  const generated = [diagram(), phaseTable(), factTable()].join("\n\n");
  return `${text.slice(0, from)}${begin}\n\n${generated}\n\n${text.slice(to)}`;
}

/** The usual ways, as a mermaid stateDiagram-v2 block. Throws when the machine has no such way. */
function diagram(): string {
  const edges = factTypes.flatMap((fact) =>
    factWords[fact].drawnFrom.map((from) => {
      const row = table[from]?.[fact];
      if (row === undefined) throw new Error(`the machine has no way from ${from} by ${fact}`);
      const does = row.actions === undefined ? "" : ` (${actionWords[row.actions]})`;
      return { from, to: row.target, label: `${factWords[fact].says}${does}` };
    }),
  );
  const undrawn = phases.filter((phase) => !edges.some(({ from, to }) => from === phase || to === phase));
  if (undrawn.length > 0) throw new Error(`the diagram shows nothing of ${undrawn.join(", ")}`);
  const inOrder = phases.flatMap((phase) => edges.filter(({ from }) => from === phase));
  return [
    "```mermaid",
    "stateDiagram-v2",
    "    [*] --> Pending : a spec is there",
    ...inOrder.map(({ from, to, label }) => `    ${from} --> ${to} : ${label}`),
    "    Removing --> [*] : the spec is deleted and nothing is left",
    "```",
  ].join("\n");
}

function phaseTable(): string {
  const rows = phases.map((phase) => `| ${phase} | ${phaseWords[phase]} |`);
  return ["| phase | meaning |", "|---|---|", ...rows].join("\n");
}

/** Every fact with what follows from it, also where the diagram would be too full. */
function factTable(): string {
  return ["| ds01 sees | and does | phase |", "|---|---|---|", ...factTypes.flatMap(rowsOf)].join("\n");
}

/** One row for each thing that may follow from a fact; the less usual ones name the phases they hold in. */
function rowsOf(fact: FactType): readonly string[] {
  const bySuccession = new Map<string, Phase[]>();
  for (const phase of phases) {
    const row = table[phase]?.[fact];
    if (row === undefined) continue;
    const does = row.actions === undefined ? "nothing" : actionWords[row.actions];
    const succession = `${does} | ${row.target}`;
    bySuccession.set(succession, [...(bySuccession.get(succession) ?? []), phase]);
  }
  const { says } = factWords[fact];
  const [usual, ...others] = [...bySuccession].toSorted((one, other) => other[1].length - one[1].length);
  if (usual === undefined) return [`| ${says} | nothing, until it does | stays |`];
  return [
    `| ${says} | ${usual[0]} |`,
    ...others.map(([succession, from]) => `| ${says}, while ${from.join(" or ")} | ${succession} |`),
  ];
}
