import type { Host } from "./host.ts";

/** What of an object's container is as it was when nobody has touched it. */
export interface Run {
  readonly key: string;
  readonly id: string;
  readonly startedAt: string;
  /** UUIDs of its GPUs as its label names them; empty without. */
  readonly devices: string;
}

/** The containers that stand for the objects, as Docker knows them now. */
export async function runsOf(host: Host, keys: readonly string[]): Promise<readonly Run[]> {
  return Promise.all(keys.map((key) => runOf(host, key)));
}

/** The container that stands for the object, as Docker knows it now. */
export async function runOf(host: Host, key: string): Promise<Run> {
  const { Id, State, Config } = await host.dockerInspect(key);
  return { key, id: Id, startedAt: State.StartedAt, devices: Config.Labels["ds01.gpu.uuids"] ?? "" };
}
