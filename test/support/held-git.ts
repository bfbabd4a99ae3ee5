import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { findProgram } from "../bed/requirements.ts";
import { waitFor } from "../bed/wait-for.ts";

/** Takes the place of git for all that this process starts, and holds some calls until it is told to let them go. */
export class HeldGit {
  readonly #folder: string;

  /** `condition`: of the shell, with Git's words as its own and Git's variables, of the calls that are held. */
  constructor(folder: string, condition: string) {
    this.#folder = join(folder, "held-git");
    mkdirSync(this.#folder);
    const wait = `touch ${this.#folder}/begun; while [ ! -e ${this.#folder}/go ]; do sleep 0.05; done`;
    const script = `#!/bin/sh\nif ${condition}; then ${wait}; fi\nexec ${findProgram("git") ?? ""} "$@"\n`;
    writeFileSync(join(this.#folder, "git"), script, { mode: 0o755 });
    const before = process.env["PATH"] ?? "";
    process.env["PATH"] = `${this.#folder}:${before}`;
    onTestFinished(() => void (process.env["PATH"] = before));
  }

  /** Resolves when a call is held that began after this was last awaited. */
  async begun(): Promise<void> {
    const mark = join(this.#folder, "begun");
    await waitFor("a call of git that is held", () => existsSync(mark));
    rmSync(mark);
  }

  letGo(): void {
    writeFileSync(join(this.#folder, "go"), "");
  }
}
