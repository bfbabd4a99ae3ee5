import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { join } from "node:path";

/** A normal user's PATH lacks the folders that hold dockerd. */
export const programPath = `${process.env.PATH ?? ""}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`;

/** Where a program lies, or undefined. */
export function findProgram(name) {
  return programPath
    .split(":")
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Runs a program to its end, without input; resolves with its exit code and what it said. Never throws for a code. */
export function runProgram(command, words, { cwd, env = process.env, signal, timeoutMs = 600_000 } = {}) {
  return new Promise((resolve) => {
    let output = "";
    let errors = "";
    const child = spawn(command, words, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
    const end = () => endGroup(child.pid);
    const timer = setTimeout(end, timeoutMs);
    signal?.addEventListener("abort", end, { once: true });
    if (signal?.aborted) end();
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (errors += chunk));
    const finish = (code, why) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve({ code, output, errors: why === undefined ? errors : `${errors}${why}\n` });
    };
    child.on("error", (error) => finish(127, error.message));
    child.on("close", (code, killedBy) =>
      finish(code ?? 1, killedBy === null ? undefined : `ended by ${killedBy}`),
    );
  });
}

/**
 * Starts a program that stays: out of reach of the terminal's Ctrl-C, so that it ends when we say, and dying with us
 * when we are killed. `log` is a file descriptor for all it says.
 */
export function startProgram(command, words, { cwd, env = process.env, log }) {
  const tied = findProgram("setpriv") === undefined ? [] : ["setpriv", "--pdeathsig", "KILL"];
  const [first, ...rest] = [...tied, command, ...words];
  return spawn(first, rest, { cwd, env, stdio: ["ignore", log, log], detached: true });
}

/** Resolves when a started program has ended; at once when it already has. */
export function ended(child) {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", resolve);
    child.once("error", resolve);
  });
}

function endGroup(pid) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGTERM");
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}
