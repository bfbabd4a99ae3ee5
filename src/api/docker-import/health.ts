import { parseDuration } from "../../util/duration.ts";
import { shellQuote } from "../../util/shell-quote.ts";
import { shellWords } from "../../util/shell-words.ts";
import type { HealthCheck } from "../health-check.ts";
import type { ContainerDraft, Origin } from "./container-draft.ts";

/** `--health-cmd`, for Docker a line for a shell. */
export function readHealthLine(draft: ContainerDraft, line: string, origin: Origin): void {
  if (line !== "") setHealth(draft, { command: wordsOfLine(line) }, origin);
}

/** A list of Compose: `CMD` and words, `CMD-SHELL` and a line, or `NONE`. */
export function readHealthTest(draft: ContainerDraft, test: readonly string[], origin: Origin): void {
  const [kind, ...words] = test;
  if (kind === "NONE") return readNoHealthCheck(draft, origin);
  if (kind === "CMD" && words.length > 0) return setHealth(draft, { command: words }, origin);
  if (kind === "CMD-SHELL") return readHealthLine(draft, words.join(" "), origin);
  draft.problem(origin, "a list begins with CMD, CMD-SHELL or NONE, and then says what to run");
}

/** `--no-healthcheck` */
export function readNoHealthCheck(draft: ContainerDraft, origin: Origin): void {
  draft.spec.healthCheck = { disabled: true };
  draft.mark("spec.healthCheck", origin);
}

/** `--health-interval` and the like; 0 is what the image says, as without it. */
export function readHealthTime(
  draft: ContainerDraft,
  part: "interval" | "timeout" | "startPeriod",
  text: string,
  origin: Origin,
): void {
  const milliseconds = text === "0" ? 0 : parseDuration(text);
  if (milliseconds === undefined) draft.problem(origin, `"${text}" is no duration, such as 30s or 1m30s`);
  else if (milliseconds > 0) setHealth(draft, { [part]: text }, origin);
}

/** `--health-retries`; 0 as above. */
export function readHealthRetries(draft: ContainerDraft, text: string, origin: Origin): void {
  if (!/^\d+$/.test(text)) draft.problem(origin, `"${text}" is not a whole number`);
  else if (Number(text) > 0) setHealth(draft, { retries: Number(text) }, origin);
}

function setHealth(draft: ContainerDraft, part: HealthCheck, origin: Origin): void {
  const before = draft.spec.healthCheck ?? {};
  // A check that is switched off is off, whatever else is said.
  if (before.disabled === true) return;
  draft.spec.healthCheck = { ...before, ...part };
  draft.mark("spec.healthCheck", origin);
}

/** Plain words need no shell: they are those that come out the same when they are quoted again. */
function wordsOfLine(line: string): string[] {
  const words = shellWords(line) ?? [];
  const isPlain = words.length > 0 && words.map(shellQuote).join(" ") === line;
  return isPlain ? [...words] : ["/bin/sh", "-c", line];
}
