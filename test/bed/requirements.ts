import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { join } from "node:path";

/** Folders with another engine to use, as DS01_BED_ENGINE names them; empty for the one of this system. */
export const otherEngine = process.env["DS01_BED_ENGINE"] ?? "";

const ownPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const systemPath = otherEngine === "" ? ownPath : `${otherEngine}:${ownPath}`;
const packages = ["docker.io", "busybox-static", "iptables"];
const programs = ["dockerd", "containerd", "runc", "busybox", "iptables", "unshare", "nsenter", "flock"];

/** The PATH the bed runs programs with, whatever the caller's is. */
export const bedPath = systemPath;

/** Where a program lies on the bed's PATH, or nothing. */
export function findProgram(name: string): string | undefined {
  return systemPath
    .split(":")
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/** Makes sure a real engine can be started here: installs the Debian packages when root, else throws with what to do. */
export function ensureRequirements(): void {
  if (missing().length === 0 && process.getuid?.() === 0) return;
  if (process.getuid?.() !== 0) {
    throw new Error(
      "the test bed starts a real dockerd and needs root: run as root, or set DOCKER_HOST to an engine it may use",
    );
  }
  if (!existsSync("/etc/debian_version")) {
    throw new Error(
      `the test bed wants ${missing().join(", ")}: install Docker Engine, static busybox and iptables, or set DOCKER_HOST`,
    );
  }
  installPackages(packages);
  const still = missing();
  if (still.length > 0)
    throw new Error(
      `installed ${packages.join(" ")} but ${still.join(", ")} is still missing from ${systemPath}`,
    );
}

/** Installs Debian packages beside those of the bed itself; throws with what to do. */
export function installPackages(packages: readonly string[]): void {
  process.stderr.write(`test bed: installing ${packages.join(" ")}\n`);
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive", PATH: systemPath };
  const commands = [
    ["update", "-q"],
    ["install", "-y", "-q", "--no-install-recommends", ...packages],
  ];
  for (const command of commands) {
    try {
      execFileSync("apt-get", command, {
        env: environment,
        stdio: ["ignore", "pipe", "pipe"],
        timeout: 600_000,
      });
    } catch (error) {
      const output = error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
      throw new Error(
        `apt-get ${command.join(" ")} failed: ${output.trim()}; install ${packages.join(", ")} by hand`,
        { cause: error },
      );
    }
  }
}

function missing(): string[] {
  return programs.filter((name) => findProgram(name) === undefined);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
