import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { gitSettings, type GitSettings } from "../../src/adapters/git/git-settings.ts";
import { gitSource } from "../../src/adapters/git/git-source.ts";
import type { SyncStep } from "../../src/adapters/git/sync-step.ts";
import type { SpecSource, SyncReport } from "../../src/ports/spec-source.ts";
import { waitFor } from "../bed/wait-for.ts";
import { GitBed, specText } from "./git-repository.ts";
import { RecordingSink } from "./recording-sink.ts";
import { silentLog } from "./silent-log.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** A source that runs until the test has finished, and what it tells. */
export class RunningGitSource {
  readonly sink = new RecordingSink();
  readonly log = silentLog();
  readonly source: SpecSource;
  /** Where its syncs have come to, one after another. */
  readonly steps: SyncStep[] = [];
  readonly #end = new AbortController();
  readonly #running: Promise<void>;

  constructor(directory: string, url: string, changes: Partial<GitSettings> = {}, suspended = false) {
    const settings = { ...gitSettings({ url, interval: "1h" }), ...changes };
    const onStep = (step: SyncStep): void => void this.steps.push(step);
    this.source = gitSource({ name: "lab", directory, log: this.log, ...settings, onStep });
    if (suspended) void this.source.setSuspended?.(true);
    this.#running = this.source.run(this.sink, this.#end.signal);
    onTestFinished(() => this.end());
  }

  async end(): Promise<void> {
    this.#end.abort();
    await this.#running;
  }

  /** Syncs once more; what came of it. */
  async sync(): Promise<SyncReport> {
    await this.source.sync?.();
    return this.report();
  }

  /** Syncs once more, and waits until what is in effect is compared with what was; what is told then. */
  async compared(): Promise<SyncReport> {
    const before = this.steps.length;
    await this.sync();
    await waitFor("a look at the history", () => this.steps.slice(before).includes("compared"));
    return this.report();
  }

  report(): SyncReport {
    const report = this.sink.reports.at(-1);
    if (report === undefined) throw new Error("no attempt has ended");
    return report;
  }

  async first(): Promise<this> {
    await waitFor("the first attempt", () => this.sink.reports.length > 0);
    return this;
  }

  paths(): readonly string[] {
    return [...this.sink.texts.keys()].toSorted();
  }
}

/** A repository with specs, and where its checkout goes. */
export interface GitSourceBed {
  readonly git: GitBed;
  readonly folder: string;
  readonly state: string;
  /** The first commit, with `train` and `eval` of alice and a quota. */
  readonly commit: string;
}

/** A repository with two containers of alice and a quota. */
export function preparedRepository(): GitSourceBed {
  const folder = temporaryDirectory();
  const git = new GitBed(folder);
  git.write("users/alice/train.yaml", specText("train"));
  git.write("users/alice/eval.yaml", specText("eval"));
  git.write(
    "quotas/all.yaml",
    "apiVersion: ds01.io/v1alpha1\nkind: QuotaSpec\nmetadata: {name: all}\nspec: {subjects: {default: true}}\n",
  );
  git.write("README.md", "specs of the lab\n");
  return { git, folder, state: join(folder, "state"), commit: git.push() };
}

/** The spec files of the first commit. */
export const everything = ["quotas/all.yaml", "users/alice/eval.yaml", "users/alice/train.yaml"];

/** A source that has the first commit in effect. */
export async function syncedSource(
  changes: Partial<GitSettings> = {},
): Promise<GitSourceBed & { readonly run: RunningGitSource }> {
  const bed = preparedRepository();
  const run = await new RunningGitSource(bed.state, bed.git.bare, changes).first();
  expect(run.report().failure).toBeNull();
  expect(run.paths()).toEqual(everything);
  return { ...bed, run };
}
