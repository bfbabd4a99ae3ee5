import { join } from "node:path";
import { parseArgs } from "node:util";
import { fingerprint, type Defect } from "./defect.ts";
import { defects } from "./defects.ts";
import { isFoundByTests, record, recordedFindings } from "./findings.ts";
import { searchBySimulation, searchByTests, type Finding } from "./search.ts";
import { SourceCopy } from "./source-copy.ts";

const usage = `usage: npm run mutations -- [--only TEXT] [--missing] [--seeds N] [--no-simulation] [--no-tests] [--record]
  --only TEXT      only the faults whose name has TEXT in it; may be given again
  --missing        only those that are not recorded as found, as they are planted now
  --seeds N        how many seeds the simulation plays for what the tests do not find; 60 unless told
  --no-simulation  only the tests
  --no-tests       only the simulation
  --record         write what is found to findings.json and README.md, one by one`;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "60" },
    only: { type: "string", multiple: true, default: [""] },
    missing: { type: "boolean", default: false },
    record: { type: "boolean", default: false },
    "no-simulation": { type: "boolean", default: false },
    "no-tests": { type: "boolean", default: false },
  },
});
const seeds = Number(values.seeds);
const recorded = values.missing ? recordedFindings() : {};
const chosen = defects.filter(
  (defect) =>
    values.only.some((text) => defect.name.includes(text)) && !isFoundByTests(defect, recorded[defect.name]),
);
const isPartial = values["no-simulation"] || values["no-tests"];
if (!Number.isSafeInteger(seeds) || seeds < 1 || (values.record && isPartial)) {
  console.error(usage);
  process.exit(2);
}

const copy = new SourceCopy(join(import.meta.dirname, "../.."));
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    copy.remove();
    process.exit(130);
  });

/** The tests that are named with it, and where they find nothing the simulation. */
async function search(defect: Defect): Promise<{ readonly simulation: Finding; readonly tests: Finding }> {
  const tests = values["no-tests"] ? null : await searchByTests(copy.directory, defect.tests);
  if (tests !== null || values["no-simulation"]) return { simulation: null, tests };
  return { simulation: await searchBySimulation(copy.directory, { seeds }), tests };
}

async function searchFor(defect: Defect): Promise<boolean> {
  const takeOut = copy.plant(defect);
  const { simulation, tests } = await search(defect).finally(takeOut);
  if (simulation !== null && (await searchBySimulation(copy.directory, { run: simulation })) !== null)
    throw new Error(`without a fault in it: ${simulation}`);
  const isFound = simulation !== null || tests !== null;
  console.log(`${isFound ? "found" : "NOT FOUND"}: ${defect.name}: ${tests ?? simulation ?? ""}`);
  if (values.record) record(defects, defect, { planted: fingerprint(defect), simulation, tests });
  return isFound;
}

let found = 0;
try {
  // What fails without any fault finds none.
  const files = values["no-tests"] ? [] : [...new Set(chosen.flatMap((defect) => defect.tests))];
  const failing = await searchByTests(copy.directory, files);
  if (failing !== null) throw new Error(`without a fault in it: ${failing}`);
  for (const defect of chosen) if (await searchFor(defect)) found += 1;
} finally {
  copy.remove();
}
console.log(`${chosen.length} defects, ${found} found, ${chosen.length - found} not found`);
process.exitCode = found === chosen.length ? 0 : 1;
