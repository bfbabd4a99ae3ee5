import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type Docker from "dockerode";
import { parseRecord } from "../../src/adapters/store/record-file.ts";
import type { Host } from "./host.ts";

/** What must not change of a container while others are worked on. */
export type Running = Readonly<Record<string, { readonly id: string; readonly startedAt: string }>>;

/** Running containers by object. */
export async function runningContainers(docker: Docker): Promise<Running> {
  const running: Record<string, { id: string; startedAt: string }> = {};
  for (const { Id, Labels } of await docker.listContainers()) {
    const { State } = await docker.getContainer(Id).inspect();
    running[ownerOf(Labels)] = { id: Id, startedAt: State.StartedAt };
  }
  return running;
}

/** What differs from these being all containers, each with that many GPUs held; empty when nothing does. */
export async function unlike(host: Host, wanted: Readonly<Record<string, number>>): Promise<string> {
  const listed = await host.engine.docker.listContainers({ all: true });
  const found = listed.map(({ Labels, Names }) => `${ownerOf(Labels)} as ${Names.join()}`).toSorted();
  const expected = Object.keys(wanted)
    .map((key) => `${key} as /${key.split("/").toReversed().join("._.")}`)
    .toSorted();
  if (found.join("; ") !== expected.join("; ")) return `containers: ${found.join("; ")}`;
  const held: Record<string, number> = {};
  for (const { status } of (await host.gpus()).values()) {
    const key = status.holder === null ? "" : `${status.holder.namespace}/${status.holder.name}`;
    if (status.state !== "Free") held[key] = (held[key] ?? 0) + 1;
  }
  const wrong = new Set([...Object.keys(wanted), ...Object.keys(held)]);
  for (const key of wrong) if ((held[key] ?? 0) === (wanted[key] ?? 0)) wrong.delete(key);
  if (wrong.size > 0) return `GPUs held: ${JSON.stringify(held)}`;
  for (const [key, count] of Object.entries(wanted)) {
    const told = (await host.container(key))?.status.gpus.length;
    if (told !== count) return `${key} says that it holds ${told} GPUs`;
  }
  return "";
}

/** What is wrong with the files that a controller keeps: damaged ones, and parts that a killed one left behind. */
export function faultsOfState(host: Host): readonly string[] {
  const faults: string[] = [];
  const own = `.${host.controller.child.pid}.`;
  for (const name of readdirSync(host.stateDir, { recursive: true }).map(String)) {
    if (name.includes("/git/") || name.includes("worktrees/")) continue;
    if (
      name.startsWith("corrupt/") ||
      name.endsWith(".corrupt") ||
      (name.endsWith(".tmp") && !name.includes(own))
    )
      faults.push(name);
    if (!name.endsWith(".json") || name.includes(".tmp")) continue;
    const text = textOf(join(host.stateDir, name));
    if (text === undefined) continue;
    if (name.startsWith("objects/")) {
      const record = parseRecord(text, name);
      if ("corrupt" in record) faults.push(`${name} ${record.corrupt}`);
    } else if (!isJson(text)) faults.push(`${name} is not JSON`);
  }
  // The file of who holds the lock, and its heartbeat.
  const lock = readdirSync(join(host.stateDir, "instance"));
  if (lock.length !== 2) faults.push(`instance holds ${lock.join()}`);
  const told = host.controller.logLines().filter(({ reason }) => reason === "DocumentUnreadable");
  return [...faults, ...told.map((line) => JSON.stringify(line))];
}

/** Undefined when it has gone meanwhile, or is no file. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function ownerOf(labels: Readonly<Record<string, string>>): string {
  return `${labels["ds01.user"]}/${labels["ds01.name"]}`;
}
