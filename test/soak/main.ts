import { writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { judge } from "./judge.ts";
import { runSoak } from "./run-soak.ts";
import { renderVerdicts } from "./trend.ts";

const usage = `usage: npm run soak -- [--minutes N] [--rounds N] [--pause MS] [--engine-minutes N] [--seed S] [--samples FILE]
  --minutes N         how long; 60 unless told
  --rounds N          how often everything is deleted and looked at in between; 6 unless told
  --pause MS          between two things that are done, on average; 5000 unless told
  --engine-minutes N  between two restarts of the engine; 15 unless told
  --seed S            what is drawn from; 1 unless told
  --fill N            events that short jobs make at first; 4000 unless told
  --samples FILE      keeps all samples there, as JSON
`;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "60" },
    rounds: { type: "string", default: "6" },
    pause: { type: "string", default: "5000" },
    "engine-minutes": { type: "string", default: "15" },
    seed: { type: "string", default: "1" },
    fill: { type: "string", default: "4000" },
    samples: { type: "string" },
  },
});
const minutes = Number(values.minutes);
const numbers = [
  minutes,
  values.rounds,
  values.pause,
  values["engine-minutes"],
  values.seed,
  values.fill,
].map(Number);
if (numbers.some((value) => !Number.isFinite(value) || value <= 0)) {
  process.stderr.write(usage);
  process.exit(2);
}
const result = await runSoak({
  minutes,
  rounds: Number(values.rounds),
  pauseMs: Number(values.pause),
  engineMinutes: Number(values["engine-minutes"]),
  sampleMs: minutes < 10 ? 5000 : 30_000,
  seed: Number(values.seed),
  fillEvents: Number(values.fill),
  onRest: (line, soFar) => {
    process.stderr.write(`${line}\n`);
    if (soFar !== null) process.stderr.write(renderVerdicts(judge(soFar)).text);
  },
});
if (values.samples !== undefined)
  writeFileSync(values.samples, JSON.stringify({ ...result, done: Object.fromEntries(result.done) }));
for (const line of result.failed) process.stderr.write(`failed: ${line}\n`);
const { text, good } = renderVerdicts(judge(result));
const load = loadavg().map((value) => value.toFixed(2));
process.stdout.write(
  `${text}\n- done: ${[...result.done].map(([name, count]) => `${name} ${count}`).join(", ")}\n`,
);
process.stdout.write(`- load average at the end: ${load.join(" ")}\n`);
process.exitCode = good ? 0 : 1;
