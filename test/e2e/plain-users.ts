import { execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { expect } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { runKubectl } from "../support/kubectl.ts";
import type { KubectlResult } from "../support/kubectl.ts";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";

/** Users that every Debian has, so that the name service knows them. */
export const [alice, bob] = ["games", "news"] as const;

/** As whom a program runs: a user without rights, with a home of their own. */
export interface Account {
  readonly environment: NodeJS.ProcessEnv;
  readonly uid: number;
  readonly gid: number;
}

/** Starts a host with GPUs and a door over TLS that users without rights reach. */
export async function startHostForUsers(name: string, nvidia = "2xA100-80GB"): Promise<Host> {
  const host = await startHost({
    name,
    nvidia,
    network: "bridge",
    configuration: "trust: path\napi: {https: {port: 0}}\n",
  });
  // The specs and the socket of the bed are below a directory that only root may enter.
  chmodSync(host.directory, 0o755);
  return host;
}

/** The account of a user; `ds01` and kubectl take their namespace from who they run as. */
export function accountOf(host: Host, user: string): Account {
  const uid = Number(execFileSync("id", ["-u", user]));
  const gid = Number(execFileSync("id", ["-g", user]));
  const home = join(host.directory, "homes", user);
  mkdirSync(home, { recursive: true });
  chownSync(home, uid, gid);
  const { DS01_NAMESPACE: _, KUBECONFIG: _other, ...environment } = host.environment;
  return { environment: { ...environment, HOME: home, USER: user }, uid, gid };
}

/** Runs `ds01` as that user. */
export async function ds01As(host: Host, user: string, ...line: readonly string[]): Promise<KubectlResult> {
  const program = { path: process.execPath, version: "" };
  return runKubectl(program, [host.main, ...line], accountOf(host, user));
}

/** Writes what kubectl needs into the user's home. */
export async function writeKubeconfig(host: Host, user: string): Promise<void> {
  const { code, stderr } = await ds01As(host, user, "kubeconfig", "--write");
  expect(code, stderr).toBe(0);
}

/** A command at a real terminal of 33 lines and 99 columns. */
export interface Terminal {
  /** Types, and waits until what is shown is as wanted. */
  readonly type: (typed: string, shown: RegExp) => Promise<void>;
  /** Waits for a prompt of a shell. */
  readonly prompt: () => Promise<void>;
  /** Waits for the end of the command; its exit code. */
  readonly ended: () => Promise<number>;
}

/** Runs a command line at a real terminal as that user. */
export function openTerminal({ environment, uid, gid }: Account, command: string): Terminal {
  const env = { ...environment, TERM: "vt100" };
  const line = `stty rows 33 cols 99; ${command}`;
  const child = spawn("script", ["-qec", line, "/dev/null"], { env, uid, gid, cwd: "/" });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  let code: number | null = null;
  const closed = new Promise<void>((resolve) => {
    child.once("close", (status) => {
      code = status;
      resolve();
    });
  });
  const shows = async (what: string, isShown: () => boolean): Promise<void> => {
    await waitFor(what, isShown).catch((error: unknown) => {
      throw new Error(`the terminal did not show ${what}: ${output}`, { cause: error });
    });
  };
  return {
    type: async (typed, shown) => {
      child.stdin.write(typed);
      await shows(String(shown), () => shown.test(output));
    },
    prompt: async () => shows("a prompt", () => /[#$] $/.test(stripVTControlCharacters(output))),
    ended: async () => {
      await closed;
      return code ?? -1;
    },
  };
}
