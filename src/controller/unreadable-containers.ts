import type { Log } from "../ports/log.ts";
import { messageOf } from "../util/errors.ts";

/** Containers that the engine lists and cannot inspect, as some dead ones: each is told of once. */
export class UnreadableContainers {
  readonly #log: Log;
  readonly #told = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  tell(id: string, name: string | undefined, error: unknown): void {
    if (this.#told.has(id)) return;
    this.#told.add(id);
    const fields = { reason: "ContainerUnreadable", id, name, message: messageOf(error) };
    this.#log.warn(fields, "a container could not be inspected");
  }

  /** It can be inspected again, or is gone. */
  forget(id: string): void {
    this.#told.delete(id);
  }
}
