import type { PullProgress } from "../../ports/container-runtime.ts";

/** What ds01 reads of a line of a pull's progress. */
interface ProgressJson {
  readonly id?: string;
  readonly status?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
}

/** Adds up what the lines of a pull say of its layers. */
export class PullMeter {
  readonly #layers = new Map<string, { readonly done: number; readonly total: number }>();

  /** True when the line says how far a download is. */
  add(line: unknown): boolean {
    const { id, status, progressDetail } = line as ProgressJson;
    if (id === undefined) return false;
    const before = this.#layers.get(id);
    if (status === "Downloading" && progressDetail?.total !== undefined) {
      this.#layers.set(id, { done: progressDetail.current ?? 0, total: progressDetail.total });
      return true;
    }
    if (status !== "Download complete" || before === undefined) return false;
    this.#layers.set(id, { ...before, done: before.total });
    return true;
  }

  /** In bytes; more layers may be told of later. */
  get progress(): PullProgress {
    const layers = [...this.#layers.values()];
    return {
      doneBytes: layers.reduce((sum, { done }) => sum + done, 0),
      totalBytes: layers.reduce((sum, { total }) => sum + total, 0),
    };
  }
}
