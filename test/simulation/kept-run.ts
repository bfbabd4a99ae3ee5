import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { PlannedOperation } from "./operation.ts";

/** A run that has shown a fault once, shortened; in `kept/`, and played by every run of the tests. */
export interface KeptRun {
  /** What went wrong. */
  readonly about: string;
  readonly seed: number;
  readonly operations: readonly PlannedOperation[];
}

const directory = join(import.meta.dirname, "kept");

/** The names of the files in `kept/`. */
export function keptRuns(): readonly string[] {
  return readdirSync(directory).toSorted();
}

/** Reads one of them, by the name of its file. */
export function keptRun(name: string): KeptRun {
  return JSON.parse(readFileSync(join(directory, name), "utf8")) as KeptRun;
}
