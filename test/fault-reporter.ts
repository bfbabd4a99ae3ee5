import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import type { Reporter, TestModule } from "vitest/node";
import type { SeenFault } from "./support/record-fault.ts";
import type { FaultRecord } from "./tools/fault-table.ts";

/** Writes what passed tests have seen of faults to the file that DS01_FAULT_RECORDS names; silent without it. */
export class FaultReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const file = process.env["DS01_FAULT_RECORDS"];
    if (file !== undefined) writeFileSync(file, JSON.stringify(modules.flatMap(recordsOf)));
  }
}

function recordsOf(module: TestModule): readonly FaultRecord[] {
  const file = relative(module.project.config.root, module.moduleId);
  return [...module.children.allTests("passed")].flatMap((test) => {
    const { faults: seen = [] } = test.meta() as { faults?: readonly SeenFault[] };
    return seen.map(({ id, observed }) => ({ id, observed, file, title: test.name }));
  });
}
