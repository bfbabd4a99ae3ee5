import { execFile } from "node:child_process";
import { accessSync, constants, readdirSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";

/** A kubectl of this machine. */
export interface Kubectl {
  readonly path: string;
  /** Such as `1.32`, or the name of the program where it does not say. */
  readonly version: string;
}

/** How a command ended and what it wrote. */
export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a kubectl is run with. */
export interface KubectlSurroundings {
  readonly environment: NodeJS.ProcessEnv;
  readonly stdin?: string;
  readonly uid?: number;
  readonly gid?: number;
}

/** Every kubectl that is found: those on PATH, and those of other versions beside it (`kubectl.1.31`). */
export function installedKubectls(): readonly Kubectl[] {
  const onPath = (process.env["PATH"] ?? "").split(":").flatMap((directory) => {
    const path = join(directory, "kubectl");
    return isProgram(path) ? [realpathSync(path)] : [];
  });
  const folders = [...new Set(onPath.map(dirname))];
  const versioned = folders.flatMap((folder) =>
    readdirSync(folder)
      .flatMap((name) => {
        const version = /^kubectl\.(1\.\d+)$/.exec(name)?.[1];
        return version === undefined ? [] : [{ path: join(folder, name), version }];
      })
      .toSorted((one, other) => Number(one.version.slice(2)) - Number(other.version.slice(2))),
  );
  // Where there are several versions, the plain name only chooses among them.
  return versioned.length > 0
    ? versioned
    : [...new Set(onPath)].map((path) => ({ path, version: "of the machine" }));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Runs one command to its end; one that does not come to it is killed after 30 s. */
export async function runKubectl(
  kubectl: Kubectl,
  line: readonly string[],
  { environment, stdin, ...user }: KubectlSurroundings,
): Promise<KubectlResult> {
  return new Promise((resolve) => {
    const options = { env: environment, timeout: 120_000, killSignal: "SIGKILL" as const, ...user };
    const child = execFile(kubectl.path, line, options, (error, stdout, stderr) => {
      resolve({
        code: error === null ? 0 : typeof error.code === "number" ? error.code : -1,
        stdout,
        stderr,
      });
    });
    child.stdin?.on("error", () => undefined).end(stdin ?? "");
  });
}
