import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A spec of alice's. */
export function specText(name: string, image = "bed/base:1"): string {
  return `apiVersion: ds01.io/v1alpha1\nkind: ContainerSpec\nmetadata: {name: ${name}}\nspec: {image: "${image}"}\n`;
}

/** A bare repository and a clone in which a test works as people do. */
export class GitBed {
  readonly bare: string;
  readonly clone: string;
  /** Variables for Git beside those that it always has. */
  readonly environment: Record<string, string> = {};

  constructor(folder: string) {
    this.bare = join(folder, "specs.git");
    this.clone = join(folder, "clone");
    mkdirSync(folder, { recursive: true });
    this.#run(folder, "init", "--quiet", "--bare", "--initial-branch=main", this.bare);
    this.#run(folder, "clone", "--quiet", this.bare, this.clone);
    this.#run(this.bare, "config", "receive.denyDeleteCurrent", "ignore");
  }

  /** Runs git in the clone; resolves to what it prints. */
  git(...args: readonly string[]): string {
    return this.#run(this.clone, ...args);
  }

  write(path: string, text: string | Buffer): void {
    const full = join(this.clone, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
  }

  remove(path: string): void {
    rmSync(join(this.clone, path), { recursive: true });
  }

  /** Commits all there is and pushes it by force; the commit. */
  push(message = "change"): string {
    this.git("add", "--all", "--force");
    this.git("commit", "--quiet", "--allow-empty", "--message", message);
    this.git("push", "--quiet", "--force", "origin", "HEAD:main");
    return this.git("rev-parse", "HEAD").trim();
  }

  /** Takes the bare repository away, as when its server is; the next call brings it back. */
  hide(): void {
    const hidden = `${this.bare}.hidden`;
    if (existsSync(hidden)) renameSync(hidden, this.bare);
    else renameSync(this.bare, hidden);
  }

  #run(directory: string, ...args: readonly string[]): string {
    const who = [
      "-c",
      "user.name=Test",
      "-c",
      "user.email=test@example.org",
      "-c",
      "protocol.file.allow=always",
    ];
    return execFileSync("git", [...who, ...args], {
      cwd: directory,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env["PATH"],
        HOME: directory,
        LC_ALL: "C",
        GIT_CONFIG_NOSYSTEM: "1",
        ...this.environment,
      },
    });
  }
}
