import type { GpuReading } from "../core/idle/activity.ts";
import { deviceUuidsOf } from "../core/expiry.ts";
import type { ObservedContainer } from "../core/observed.ts";
import type { DeviceUsage, Inventory } from "../core/schedule/device.ts";
import { driverUuid } from "../core/schedule/sharing.ts";

const unknown: GpuReading = { percent: null, processes: null };

/** How busy GPUs were since they were last asked about: a short burst between two looks is not missed. */
export class GpuActivity {
  readonly #peaks = new Map<string, number | null>();
  #last: ReadonlyMap<string, DeviceUsage> = new Map();
  #lookedAtMs = -Infinity;

  /** Takes in what the provider says; `uptimeMs` on the clock that `of` is asked by. */
  note(found: Inventory, uptimeMs: number): void {
    if (!found.ready) return;
    this.#last = found.usage;
    this.#lookedAtMs = uptimeMs;
    for (const [uuid, { utilizationPercent }] of found.usage) {
      const before = this.#peaks.get(uuid) ?? null;
      this.#peaks.set(uuid, utilizationPercent === null ? null : Math.max(before ?? 0, utilizationPercent));
    }
  }

  /** Of each device that a container was made with; unknown when the last look is older than `maximumAgeMs`. */
  of(container: ObservedContainer, uptimeMs: number, maximumAgeMs: number): readonly GpuReading[] {
    const isOld = uptimeMs - this.#lookedAtMs > maximumAgeMs;
    return deviceUuidsOf(container).map((uuid) => {
      const usage = this.#last.get(driverUuid(uuid));
      if (isOld || usage === undefined) return unknown;
      const percent = this.#peaks.get(driverUuid(uuid)) ?? null;
      if (driverUuid(uuid) === uuid) return { percent, processes: usage.processes.length };
      // What others do with a GPU that is shared is no sign of life of this container.
      const own = usage.processes.filter((process) => isOf(process, container.id)).length;
      return { percent: own === 0 ? null : percent, processes: own };
    });
  }

  /** Everybody was told: from here on it is about the time after. */
  startOver(): void {
    this.#peaks.clear();
    for (const [uuid, { utilizationPercent }] of this.#last) this.#peaks.set(uuid, utilizationPercent);
  }
}

function isOf(
  { containerId, outerContainerIds = [] }: DeviceUsage["processes"][number],
  id: string,
): boolean {
  return containerId === id || outerContainerIds.includes(id);
}
