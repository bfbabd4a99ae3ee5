import type Docker from "dockerode";
import { setTimeout as sleep } from "node:timers/promises";

const everyMs = 50;

/** Looks again and again at who runs with which device, also over restarts of the engine. */
export class DeviceSamples {
  /** `GPU-...: train._.alice, next._.bob`, for each look at which it was so. */
  readonly violations: string[] = [];
  /** Looks that saw somebody on a device: samples of nothing have shown nothing. */
  looks = 0;
  /** The containers on each device at the last look. */
  users: ReadonlyMap<string, readonly string[]> = new Map();
  readonly #docker: Docker;
  readonly #ended = new AbortController();
  readonly #running: Promise<void>;

  constructor(docker: Docker) {
    this.#docker = docker;
    this.#running = this.#run();
  }

  async end(): Promise<void> {
    this.#ended.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      await this.#look();
      await sleep(everyMs);
    }
  }

  async #look(): Promise<void> {
    const abortSignal = AbortSignal.any([this.#ended.signal, AbortSignal.timeout(2000)]);
    const filters = JSON.stringify({ label: ["ds01.managed=true"] });
    let listed: Docker.ContainerInfo[];
    try {
      listed = await this.#docker.listContainers({ filters, abortSignal });
    } catch {
      // The engine is away, as the test wants it: nothing can be seen now.
      return;
    }
    const users = new Map<string, string[]>();
    for (const { Labels: labels, Names: names } of listed) {
      for (const uuid of (labels["ds01.gpu.uuids"] ?? "").split(",").filter(Boolean)) {
        users.set(uuid, [...(users.get(uuid) ?? []), names[0]?.slice(1) ?? "?"]);
      }
    }
    this.users = users;
    if (users.size > 0) this.looks += 1;
    for (const [uuid, names] of users) {
      if (names.length > 1) this.violations.push(`${uuid}: ${names.join(", ")}`);
    }
  }
}
