// `npm run soak:simulated`: a day of mixed load in simulated time, and what is left of it in memory and in the state.
import { parseArgs } from "node:util";
import { renderVerdicts, type Verdict } from "../soak/trend.ts";
import { LongRun, type Leftovers } from "./long-run.ts";

/** What was deleted can be brought back for a day, so that memory knows of it. */
const untilForgotten = 26;
/** Of runs that have ended the last hundred of each user are kept, one object each; nothing else may be. */
const keptAPast = 1.5;
/** What the compiler notes of code that runs for the first time. */
const keptAnyway = 400;
const charactersAPast = 100;

const { values } = parseArgs({
  options: { hours: { type: "string", default: "24" }, seed: { type: "string", default: "1" } },
});
const hours = Number(values.hours);
if (!Number.isFinite(hours) || hours < 2) {
  process.stderr.write(
    "usage: npm run soak:simulated -- [--hours N] [--seed S]; 24 hours unless told, at least 2\n",
  );
  process.exit(2);
}
const run = new LongRun(Number(values.seed));
const look = async (load: number): Promise<Leftovers & { readonly kept: ReadonlyMap<string, number> }> => {
  await run.load(load);
  await run.rest(untilForgotten);
  return { ...run.leftovers(), kept: await run.kept() };
};
const first = await look(1);
const last = await look(hours - 1);
run.end();

const sum = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((a, b) => a + b, 0);
const past = last.past - first.past;
const row = (
  name: string,
  of: (one: Leftovers & { kept: ReadonlyMap<string, number> }) => number,
  more: number,
): Verdict => ({
  name,
  found: `${of(first)}, in the end ${of(last)}`,
  bound: `${of(first)} + ${more.toFixed(0)}`,
  good: of(last) <= of(first) + more,
});
const growing = [...last.kept]
  .map(([kind, count]) => ({ kind: kind.replace(/^object /, ""), more: count - (first.kept.get(kind) ?? 0) }))
  .filter(({ more }) => more > 4)
  .toSorted((a, b) => b.more - a.more);
const { text, good } = renderVerdicts([
  row(
    "objects, arrays, maps and sets that the controller keeps",
    ({ kept }) => sum(kept),
    keptAnyway + keptAPast * past,
  ),
  row("alarms that are set", ({ alarms }) => alarms, 0),
  row("records of objects", ({ records }) => records, 0),
  row("containers", ({ containers }) => containers, 0),
  row("characters of all documents", ({ documents }) => sum(documents), charactersAPast * past),
  {
    name: "faults of the controller",
    found: String(run.faults.length),
    bound: "0",
    good: run.faults.length === 0,
  },
  {
    name: "hours, objects that have gone, steps",
    found: `${hours}, ${last.past}, ${run.steps}`,
    bound: "-",
    good: null,
  },
]);
process.stdout.write(
  `${text}\n- more than after the first hour: ${growing.map(({ kind, more }) => `${kind} +${more}`).join(", ")}\n`,
);
process.exit(good ? 0 : 1);
