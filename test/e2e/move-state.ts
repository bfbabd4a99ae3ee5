import { cpSync, mkdirSync, rmSync } from "node:fs";
import type { Host } from "./host.ts";

/** Puts the state directory of a host on a file system of its own, which `mount` mounts there. */
export async function moveState(host: Host, mount: () => void): Promise<void> {
  await host.controller.end("SIGTERM");
  const kept = `${host.stateDir}-kept`;
  cpSync(host.stateDir, kept, { recursive: true, preserveTimestamps: true });
  rmSync(host.stateDir, { recursive: true });
  mkdirSync(host.stateDir);
  mount();
  cpSync(kept, host.stateDir, { recursive: true, preserveTimestamps: true });
  await host.startController();
}
