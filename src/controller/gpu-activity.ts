import type { GpuReading } from "../core/idle/activity.ts";
import { deviceUuidsOf } from "../core/expiry.ts";
import type { ObservedContainer } from "../core/observed.ts";
import type { DeviceUsage, Inventory } from "../core/schedule/device.ts";
import { driverUuid } from "../core/schedule/sharing.ts";

const unknown: GpuReading = { percent: null, processes: null };

/** What a look said of each GPU, in percent; null where it could not be read. */
interface GpuLook {
  readonly atMs: number;
  readonly percents: ReadonlyMap<string, number | null>;
}

/** How busy GPUs were since somebody asked about them last: a short burst between two questions is not missed. */
export class GpuActivity {
  readonly #keptMs: number;
  /** Oldest first. */
  #looks: readonly GpuLook[] = [];
  #last: ReadonlyMap<string, DeviceUsage> = new Map();

  /** Looks older than `keptMs` are forgotten: the longest time between two questions of one container. */
  constructor(keptMs: number) {
    this.#keptMs = keptMs;
  }

  /** Takes in what the provider says; `uptimeMs` on the clock that `of` is asked by. */
  note(found: Inventory, uptimeMs: number): void {
    if (!found.ready) return;
    this.#last = found.usage;
    const percents = new Map([...found.usage].map(([uuid, usage]) => [uuid, usage.utilizationPercent]));
    const kept = this.#looks.filter(({ atMs }) => uptimeMs - atMs <= this.#keptMs);
    this.#looks = [...kept, { atMs: uptimeMs, percents }];
  }

  /**
   * Of each device that a container was made with, since it was asked about last (`sinceMs`); unknown when the last
   * look is older than `maximumAgeMs`.
   */
  of(container: ObservedContainer, { uptimeMs, sinceMs, maximumAgeMs }: GpuQuestion): readonly GpuReading[] {
    const isOld = uptimeMs - (this.#looks.at(-1)?.atMs ?? -Infinity) > maximumAgeMs;
    return deviceUuidsOf(container).map((uuid) => {
      const usage = this.#last.get(driverUuid(uuid));
      if (isOld || usage === undefined) return unknown;
      const percent = usage.utilizationPercent === null ? null : this.#peak(driverUuid(uuid), sinceMs);
      if (driverUuid(uuid) === uuid) return { percent, processes: usage.processes.length };
      // What others do with a GPU that is shared is no sign of life of this container.
      const own = usage.processes.filter((process) => isOf(process, container.id)).length;
      return { percent: own === 0 ? null : percent, processes: own };
    });
  }

  /** The look that the question before was answered by still speaks for the time right after it. */
  #peak(uuid: string, sinceMs: number): number {
    const first = this.#looks.findLastIndex(({ atMs }) => atMs <= sinceMs);
    const looks = this.#looks.slice(Math.max(0, first));
    return Math.max(0, ...looks.map(({ percents }) => percents.get(uuid) ?? 0));
  }
}

/** Times in milliseconds since the machine was started, and how old the last look may be. */
interface GpuQuestion {
  readonly uptimeMs: number;
  readonly sinceMs: number;
  readonly maximumAgeMs: number;
}

function isOf(
  { containerId, outerContainerIds = [] }: DeviceUsage["processes"][number],
  id: string,
): boolean {
  return containerId === id || outerContainerIds.includes(id);
}
