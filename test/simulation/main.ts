import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { drawOperations } from "./draw-operations.ts";
import type { KeptRun } from "./kept-run.ts";
import { describeOperation } from "./operation.ts";
import { shrink } from "./shrink.ts";
import { simulate, type SimulationResult } from "./simulate.ts";

const usage = `usage: npm run simulate -- [--seeds N] [--seed S] [--trace] [--until-found] [--shrink FILE] [--replay FILE]
  --seeds N      play N seeds; 1 unless told
  --seed S       the first of them; 1 unless told
  --trace        print everything that happens
  --until-found  end with the first seed that fails
  --shrink FILE  shorten the first seed that fails, and write what is left to FILE
  --replay FILE  play what was written so, in place of seeds`;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1" },
    seed: { type: "string", default: "1" },
    trace: { type: "boolean", default: false },
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
const note = (result: SimulationResult): void => {
  steps += result.steps;
  if (result.violation === null) return;
  failed.push(result);
  console.log(`seed ${result.seed}: ${result.violation.rule}: ${result.violation.message}`);
};

if (values.replay === undefined) {
  for (let seed = first; seed < first + count; seed += 1) {
    note(await simulate(seed, tracing));
    played += 1;
    if (values["until-found"] && failed.length > 0) break;
  }
} else {
  const { seed, operations } = JSON.parse(readFileSync(values.replay, "utf8")) as KeptRun;
  note(await simulate(seed, { ...tracing, operations }));
  played = 1;
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
