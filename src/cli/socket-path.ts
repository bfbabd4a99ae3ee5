import { existsSync } from "node:fs";
import { homedir } from "node:os";
import type { Environment } from "./context.ts";

const systemSocket = "/run/ds01/ds01.sock";

/** DS01_SOCKET, else the one in DS01_RUN_DIR, else the user's own controller if there is one, else the machine's. */
export function defaultSocketPath(environment: Environment): string {
  const named = environment["DS01_SOCKET"];
  if (named !== undefined && named !== "") return named;
  const runDirectory = environment["DS01_RUN_DIR"];
  if (runDirectory !== undefined && runDirectory !== "") return `${runDirectory}/ds01.sock`;
  if (process.geteuid?.() === 0) return systemSocket;
  const ownSocket = `${ownRunDirectory(environment)}/ds01/ds01.sock`;
  return existsSync(ownSocket) ? ownSocket : systemSocket;
}

function ownRunDirectory(environment: Environment): string {
  const state = environment["XDG_STATE_HOME"] ?? `${homedir()}/.local/state`;
  return environment["XDG_RUNTIME_DIR"] ?? `${state}/run`;
}
