import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { waitFor } from "../bed/wait-for.ts";
import { benchUser, quotaText } from "./workload.ts";

export interface ControllerOptions {
  /** The engine's socket. */
  readonly dockerHost: string;
  /** What `npm run build` made. */
  readonly dist: string;
  readonly workers: number;
  /** More for the configuration of a controller in this directory; it names the sources. */
  readonly configuration?: ((directory: string) => string) | undefined;
  /** Where a CPU profile of the controller goes. */
  readonly profile?: string;
}

/** A built controller in a directory of its own; specs may use the host's network. */
export class ControllerProcess {
  readonly directory: string;
  readonly socketPath: string;
  readonly pid: number;
  readonly #child: ChildProcess;
  #log = "";

  private constructor(directory: string, child: ChildProcess) {
    this.directory = directory;
    this.socketPath = join(directory, "run", "ds01.sock");
    this.#child = child;
    this.pid = child.pid ?? 0;
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (this.#log += chunk));
  }

  static async start(options: ControllerOptions): Promise<ControllerProcess> {
    const directory = mkdtempSync(join(tmpdir(), "ds01-bench-"));
    for (const path of [`specs/users/${benchUser}`, "specs/quotas", "staging"])
      mkdirSync(join(directory, path), { recursive: true });
    writeFileSync(
      join(directory, "config.yaml"),
      `trust: path\nworkers: ${options.workers}\n${options.configuration?.(directory) ?? ""}`,
    );
    writeFileSync(join(directory, "specs/quotas/bench.yaml"), quotaText);
    const flags = [
      // Sources stand in the place of a directory of specs.
      ...(options.configuration === undefined ? flag("specs", join(directory, "specs")) : []),
      ...["state", "run", "log"].flatMap((name) => flag(`${name}-dir`, join(directory, name))),
    ];
    const profile = options.profile === undefined ? [] : ["--cpu-prof", "--cpu-prof-dir", options.profile];
    const child = spawn(
      process.execPath,
      [
        ...profile,
        join(options.dist, "cli/main.js"),
        "controller",
        ...flags,
        ...flag("config", join(directory, "config.yaml")),
        ...flag("docker-host", options.dockerHost),
        ...flag("gpus", "none"),
      ],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    const controller = new ControllerProcess(directory, child);
    await waitFor("the controller to be ready", () => controller.#isReady(), { timeoutMs: 30_000 });
    return controller;
  }

  /** Writes a file into its directory, for its user alone. */
  write(name: string, text: string): void {
    writeFileSync(join(this.directory, name), text, { mode: 0o600 });
  }

  /** Writes specs beside the tree, for `drop`. */
  stage(name: string, specText: string): void {
    writeFileSync(join(this.directory, "staging", `${name}.yaml`), specText);
  }

  /** rename(2) into the tree: the moment from which the controller can know. */
  drop(name: string): void {
    renameSync(
      join(this.directory, "staging", `${name}.yaml`),
      join(this.directory, "specs/users", benchUser, `${name}.yaml`),
    );
  }

  /** One call of the controller's API; throws when it fails. */
  async api(method: string, path: string): Promise<unknown> {
    return await new Promise((resolve, reject) => {
      const sent = request({ socketPath: this.socketPath, method, path: `/apis/ds01.io/v1alpha1${path}` });
      sent.once("error", reject).once("response", (response) => {
        text(response).then((answer) => {
          if (response.statusCode === 200) resolve(JSON.parse(answer));
          else reject(new Error(`${method} ${path}: ${response.statusCode} ${answer}`));
        }, reject);
      });
      sent.end();
    });
  }

  /** The log so far, one JSON line each. */
  get log(): string {
    return this.#log;
  }

  residentBytes(): number {
    const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, "utf8"));
    return Number(line?.[1]) * 1024;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null) {
      const ended = new Promise((resolve) => this.#child.once("exit", resolve));
      this.#child.kill("SIGTERM");
      await ended;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  #isReady(): boolean {
    if (this.#child.exitCode !== null) throw new Error(`the controller ended:\n${this.#log}`);
    return this.#log.includes('"msg":"ready"');
  }
}

function flag(name: string, value: string): readonly string[] {
  return [`--${name}`, value];
}

/** The directory where `npm run build` puts the program of this checkout. */
export const ownDist = join(dirname(dirname(import.meta.dirname)), "dist");
