import type { ObservedContainer } from "../../src/core/observed.ts";
import type { ActivityProbe, ContainerActivity } from "../../src/ports/activity-probe.ts";
import type { Clock } from "../../src/ports/clock.ts";

/** Containers that do nothing until a test says otherwise, by their names. */
export class MemoryActivity implements ActivityProbe {
  readonly changes = new Map<string, Partial<ContainerActivity>>();
  /** Names of the containers that were looked at. */
  readonly looks: string[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  uptimeMs(): number {
    return this.#clock.now();
  }

  async read({ name }: ObservedContainer): Promise<ContainerActivity> {
    this.looks.push(name);
    const nothing = { cpuMs: 0, networkBytes: 0, ioBytes: 0, terminalStamp: 0, keepAliveAt: null };
    return { ...nothing, ...this.changes.get(name) };
  }
}
