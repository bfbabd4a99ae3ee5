import { existsSync } from "node:fs";
import { mkdir, open, readFile, realpath, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { Ds01Error, messageOf } from "../util/errors.ts";
import type { Environment } from "./context.ts";

/** The file that kubectl itself would change: the first of $KUBECONFIG that is there, else its last; else `~/.kube/config`. */
export function kubeconfigPath(environment: Environment): string {
  const named = (environment["KUBECONFIG"] ?? "").split(":").filter((path) => path !== "");
  const last = named.at(-1);
  return (
    named.find((path) => existsSync(path)) ?? last ?? join(environment["HOME"] ?? homedir(), ".kube/config")
  );
}

/** Changes a kubeconfig at once, under the lock that kubectl takes for it; afterwards nobody else can read it. */
export async function changeKubeconfig(path: string, change: (text: string) => string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const target = existsSync(path) ? await realpath(path) : path;
    await underLock(`${path}.lock`, async () => {
      const before = existsSync(target) ? await readFile(target, "utf8") : "";
      await replace(target, change(before));
    });
  } catch (cause) {
    if (cause instanceof Ds01Error) throw cause;
    const message = `${path} cannot be changed: ${messageOf(cause)}`;
    throw new Ds01Error({ reason: "KubeconfigUnwritable", message, cause });
  }
}

async function underLock(lock: string, work: () => Promise<void>): Promise<void> {
  const held = await open(lock, "wx", 0o600).catch((cause: unknown) => {
    if (!(cause instanceof Error && "code" in cause && cause.code === "EEXIST")) throw cause;
    throw new Ds01Error({
      reason: "KubeconfigLocked",
      message: `${lock} is there: something else changes that kubeconfig.`,
      remedy: "Try again; if nothing does, remove it.",
      cause,
    });
  });
  try {
    await held.close();
    await work();
  } finally {
    await rm(lock, { force: true });
  }
}

async function replace(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(draft, "wx", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
}
