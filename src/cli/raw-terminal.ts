import { spawnSync } from "node:child_process";
import type { InputStream } from "./context.ts";

/** Gives this process's terminal to a command elsewhere, byte for byte; returns what takes it back. */
export function rawTerminal(stdin: InputStream): () => void {
  stdin.setRawMode?.(true);
  // Node's raw mode still puts a carriage return before each end of line, and the other terminal has done so already.
  // Without stty lines end twice, which most terminals do not show.
  spawnSync("stty", ["-onlcr"], { stdio: ["inherit", "ignore", "ignore"] });
  return () => void stdin.setRawMode?.(false);
}
