import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type Moment = "before" | "during" | "after";

/** Where a program is killed. */
export interface FailPoint {
  /** As `effects` tells it, for example `POST /containers/NAME/start`. */
  readonly kind: string;
  /** Which one of this kind, from 1. */
  readonly nth: number;
  readonly moment: Moment;
}

/** Kills a program under test at one of its effects on the world outside; `fail-points.mjs` does it. */
export class FailPoints {
  readonly #directory = mkdtempSync(join(realpathSync(tmpdir()), "ds01-fail-points-"));

  #armed = 0;

  /** Variables for the program. */
  get environment(): NodeJS.ProcessEnv {
    return {
      DS01_FAIL_POINTS: this.#directory,
      NODE_OPTIONS: `--import=${join(import.meta.dirname, "fail-points.mjs")}`,
    };
  }

  /** Counts from now on, and kills at `point` where there is one. */
  arm(point?: FailPoint): void {
    rmSync(join(this.#directory, "effects"), { force: true });
    this.#armed += 1;
    writeFileSync(join(this.#directory, "order"), JSON.stringify({ ...point, serial: this.#armed }));
  }

  disarm(): void {
    rmSync(join(this.#directory, "order"), { force: true });
  }

  /** Kinds of what was counted since `arm`, in order. */
  effects(): readonly string[] {
    const path = join(this.#directory, "effects");
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    return lines.filter(Boolean).map((line) => line.split("\t")[0] ?? "");
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
