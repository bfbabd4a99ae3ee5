import { execFile } from "node:child_process";
import type { AggregateAmounts } from "../../core/quota/aggregate.ts";
import { Ds01Error, messageOf } from "../../util/errors.ts";

export interface SystemdSlicesOptions {
  readonly deadlineMs?: number;
  /** Environment of systemctl; tests put another into its PATH. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** Slices through systemctl, until the next boot. Setting properties reloads nothing, so no container loses a GPU. */
export class SystemdSlices {
  readonly #deadlineMs: number;
  readonly #environment: NodeJS.ProcessEnv;

  constructor({ deadlineMs = 10_000, environment = process.env }: SystemdSlicesOptions = {}) {
    this.#deadlineMs = deadlineMs;
    this.#environment = { ...environment, LC_ALL: "C" };
  }

  /** True when the slice is active, or somebody has written a unit file for it. */
  async exists(slice: string): Promise<boolean> {
    const { ActiveState: state, FragmentPath: file } = await this.#show(slice);
    return state === "active" || (file ?? "") !== "";
  }

  async isActive(slice: string): Promise<boolean> {
    return (await this.#show(slice))["ActiveState"] === "active";
  }

  /** Sets the given limits and starts the slice, in this order: it is never there without them. */
  async limit(slice: string, limits: Partial<AggregateAmounts>): Promise<void> {
    const properties = propertiesOf(limits);
    if (properties.length > 0) await this.#run(["set-property", "--runtime", slice, ...properties]);
    await this.#run(["start", slice]);
  }

  async #show(slice: string): Promise<Readonly<Record<string, string>>> {
    const text = await this.#run(["show", "--property=ActiveState,FragmentPath", slice]);
    const lines = [...text.matchAll(/^([A-Za-z]+)=(.*)$/gm)];
    return Object.fromEntries(lines.map(([, name = "", value = ""]) => [name, value]));
  }

  #run(words: readonly string[]): Promise<string> {
    const call = `systemctl ${words[0] ?? ""}`;
    return new Promise((resolve, reject) => {
      const settings = { timeout: this.#deadlineMs, env: this.#environment, killSignal: "SIGKILL" } as const;
      execFile("systemctl", ["--no-ask-password", ...words], settings, (error, stdout, stderr) => {
        if (error === null) return resolve(stdout);
        const said = stderr.trim() || messageOf(error);
        const message =
          error.killed === true
            ? `${call} did not answer within ${this.#deadlineMs / 1000} s`
            : `${call} failed: ${said}`;
        reject(new Ds01Error({ reason: "AggregateLimitUnavailable", message, cause: error }));
      });
    });
  }
}

function propertiesOf({ cpus, memoryBytes, pids }: Partial<AggregateAmounts>): readonly string[] {
  return [
    ...(cpus === undefined ? [] : [`CPUQuota=${cpus === null ? "" : `${Math.round(cpus * 100)}%`}`]),
    ...(memoryBytes === undefined ? [] : [`MemoryMax=${memoryBytes ?? "infinity"}`]),
    ...(pids === undefined ? [] : [`TasksMax=${pids ?? "infinity"}`]),
  ];
}
