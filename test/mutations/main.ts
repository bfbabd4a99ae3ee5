import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Defect } from "./defect.ts";
import { defects } from "./defects.ts";
import { searchBySimulation, searchByTests, type Finding } from "./search.ts";
import { SourceCopy } from "./source-copy.ts";

const usage = `usage: npm run mutations -- [--seeds N] [--only TEXT] [--no-simulation] [--no-tests]
  --seeds N        how many seeds the simulation plays for each fault at most; 60 unless told
  --only TEXT      only the faults whose name has TEXT in it
  --no-simulation  only the tests
  --no-tests       only the simulation`;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "60" },
    only: { type: "string", default: "" },
    "no-simulation": { type: "boolean", default: false },
    "no-tests": { type: "boolean", default: false },
  },
});
const seeds = Number(values.seeds);
const chosen = defects.filter(({ name }) => name.includes(values.only));
if (!Number.isSafeInteger(seeds) || seeds < 1 || chosen.length === 0) {
  console.error(usage);
  process.exit(2);
}

const copy = new SourceCopy(join(import.meta.dirname, "../.."));
process.once("SIGINT", () => {
  copy.remove();
  process.exit(130);
});

async function search(tests: readonly string[]): Promise<readonly [Finding, Finding]> {
  return [
    values["no-simulation"] ? null : await searchBySimulation(copy.directory, seeds),
    values["no-tests"] ? null : await searchByTests(copy.directory, tests),
  ];
}

async function searchFor(defect: Defect): Promise<boolean> {
  const takeOut = copy.plant(defect);
  try {
    const [simulation, tests] = await search(defect.tests);
    const isFound = simulation !== null || tests !== null;
    const places = [simulation ?? "-", tests ?? "-"].join(" | ");
    console.log(`| ${defect.breaks} | ${places} |${isFound ? "" : ` NOT FOUND: ${defect.name}`}`);
    return isFound;
  } finally {
    takeOut();
  }
}

let found = 0;
try {
  // What fails without any fault finds none.
  const [simulation, tests] = await search([...new Set(chosen.flatMap((defect) => defect.tests))]);
  if (simulation !== null || tests !== null)
    throw new Error(`without a fault in it: ${simulation ?? ""} ${tests ?? ""}`);
  console.log("| defect | simulation | tests |\n|---|---|---|");
  for (const defect of chosen) if (await searchFor(defect)) found += 1;
} finally {
  copy.remove();
}
console.log(`${chosen.length} defects, ${found} found, ${chosen.length - found} not found`);
process.exitCode = found === chosen.length ? 0 : 1;
