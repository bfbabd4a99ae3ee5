import type { AllocationCandidate, AllocationPreview } from "../../api/allocation-preview.ts";
import { formatBytes } from "../../util/quantity.ts";
import { oneLine, printable } from "../terminal.ts";
import type { Paint } from "../terminal.ts";
import { alignRows } from "./columns.ts";

/** Which devices a spec would get: what it needs, every device with its verdict and scores, the choice. */
export function renderAllocationPreview(preview: AllocationPreview, paint: Paint): string {
  const { namespace, name, needs, strategy, criteria, candidates, notes } = preview;
  const asked = needs === null ? "" : ` needs ${needs}; strategy ${strategy}`;
  const header = [
    "SLOT",
    "MODEL",
    "VERDICT",
    ...criteria.map(({ name: heading }) => heading.toUpperCase()),
    "WHY",
  ];
  const rows = candidates.map((candidate) => rowOf(candidate, criteria).map(oneLine));
  const prefer = criteria.map(({ name: heading, better }) => `${heading} ${better}`).join(", then ");
  return [
    `${namespace}/${name}${asked}\n`,
    rows.length === 0 ? "" : alignRows([header, ...rows], paint),
    rows.length === 0 || candidates.every(({ verdict }) => verdict === "no")
      ? ""
      : `Prefers: ${prefer}, then the lowest slot.\n`,
    setScoreLine(preview),
    `${outcomeText(preview)}\n`,
    ...notes.map((note) => `${printable(note)}\n`),
  ].join("");
}

function rowOf(
  { slot, model, profile, verdict, scores, why }: AllocationCandidate,
  criteria: AllocationPreview["criteria"],
): readonly string[] {
  const shown = criteria.map(({ unit }, place) => scoreText(scores?.[place], unit));
  return [slot, profile ?? model, verdict, ...shown, why ?? ""];
}

function scoreText(score: number | undefined, unit: "number" | "bytes" | "percent"): string {
  if (score === undefined) return "-";
  if (unit === "percent") return `${Math.round(score)}%`;
  if (unit === "number") return String(Number(score.toFixed(3)));
  return score === Number.MAX_SAFE_INTEGER ? "unknown" : formatBytes(score);
}

function setScoreLine({ setScore }: AllocationPreview): string {
  if (setScore === null) return "";
  const { inside, torn, left } = setScore;
  return `Links of the chosen set: ${inside} inside it, ${torn} torn from the other free GPUs, ${left} left among those.\n`;
}

function outcomeText({ outcome }: AllocationPreview): string {
  switch (outcome.type) {
    case "assigned":
      return `Gets ${outcome.devices.map(deviceText).join(", ")} now.`;
    case "holds":
      return `Has ${outcome.devices.map(deviceText).join(", ")} and keeps what it has.`;
    case "none":
      return `It ${outcome.message}.`;
    case "waiting": {
      const help = outcome.hint === null ? "" : `\nWhat helps: "${outcome.hint}" would start now.`;
      return `${outcome.never ? "Can never start here" : "Waits"} (${outcome.reason}): ${printable(outcome.message)}${help}`;
    }
  }
}

function deviceText({ slot, uuid }: { readonly slot: string; readonly uuid: string }): string {
  return `${slot} (${uuid})`;
}
