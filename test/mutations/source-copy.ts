import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { planted, type Defect } from "./defect.ts";

/** What the simulation and the tests without an engine read. */
const copied = ["src", "test", "types", "package.json", "tsconfig.json", "vitest.config.ts"] as const;

/** The sources in a place of their own, where faults may be planted. */
export class SourceCopy {
  readonly directory = mkdtempSync(join(tmpdir(), "ds01-mutations-"));

  constructor(root: string) {
    for (const name of copied) cpSync(join(root, name), join(this.directory, name), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(this.directory, "node_modules"));
  }

  /** Plants the fault; the result takes it out again. */
  plant(defect: Defect): () => void {
    const path = join(this.directory, defect.file);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, planted(defect, text));
    return () => writeFileSync(path, text);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
