import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { drawOperations } from "./draw-operations.ts";
import { keptRun, keptRuns, type KeptRun } from "./kept-run.ts";
import { describeOperation } from "./operation.ts";
import { shrink } from "./shrink.ts";
import { simulate, type SimulationResult } from "./simulate.ts";

const usage = `usage: npm run simulate -- [--seeds N] [--seed S] [--trace] [--kept] [--until-found]
                            [--shrink FILE] [--replay FILE]
  --seeds N      play N seeds; 1 unless told
  --seed S       the first of them; 1 unless told
  --trace        print everything that happens
  --kept         play the runs in kept/ first
  --until-found  end with the first that fails
  --shrink FILE  shorten the first seed that fails, and write what is left to FILE
  --replay FILE  play what was written so, in place of seeds`;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1" },
    seed: { type: "string", default: "1" },
    trace: { type: "boolean", default: false },
    kept: { type: "boolean", default: false },
    "until-found": { type: "boolean", default: false },
    shrink: { type: "string" },
    replay: { type: "string" },
  },
});
const [count, first] = [Number(values.seeds), Number(values.seed)];
if (!Number.isSafeInteger(count) || count < 1 || !Number.isSafeInteger(first)) {
  console.error(usage);
  process.exit(2);
}
const tracing = values.trace ? { onLine: (line: string) => console.log(line) } : {};

const failed: SimulationResult[] = [];
let [steps, played] = [0, 0];
const note = (result: SimulationResult, name = `seed ${result.seed}`): void => {
  played += 1;
  steps += result.steps;
  if (result.violation === null) return;
  failed.push(result);
  console.log(`${name}: ${result.violation.rule}: ${result.violation.message}`);
};
const isOver = (): boolean => values["until-found"] && failed.length > 0;

for (const name of values.kept ? keptRuns() : []) {
  if (isOver()) break;
  const { seed, operations } = keptRun(name);
  note(await simulate(seed, { ...tracing, operations }), `kept/${name}`);
}

if (values.replay === undefined) {
  for (let seed = first; seed < first + count && !isOver(); seed += 1) note(await simulate(seed, tracing));
} else {
  const { seed, operations } = JSON.parse(readFileSync(values.replay, "utf8")) as KeptRun;
  note(await simulate(seed, { ...tracing, operations }));
}
const [worst] = failed;
if (values.shrink !== undefined && worst?.violation != null) {
  const { seed, violation } = worst;
  const operations = await shrink(seed, violation.rule, drawOperations(seed));
  const kept: KeptRun = { about: `${violation.rule}: ${violation.message}`, seed, operations };
  writeFileSync(values.shrink, `${JSON.stringify(kept, null, 2)}\n`);
  console.log(`seed ${seed} in ${operations.length} operations, in ${values.shrink}:`);
  for (const { operation } of operations) console.log(`  ${describeOperation(operation)}`);
}
console.log(`${played} seeds, ${steps} steps, ${failed.length} violations`);
process.exitCode = failed.length === 0 ? 0 : 1;
