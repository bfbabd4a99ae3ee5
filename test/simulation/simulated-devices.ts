import type { Device, DeviceUsage, Inventory } from "../../src/core/schedule/device.ts";
import { gpu, inventory, migGpu } from "../support/devices.ts";
import { isAlive } from "../support/fake-container.ts";
import type { FakeRuntime } from "../support/fake-runtime.ts";

/** Ways to cut the last card. */
export const layouts: readonly (readonly string[])[] = [
  ["3g.40gb", "3g.40gb"],
  ["3g.40gb", "2g.20gb", "1g.10gb"],
  ["1g.10gb", "1g.10gb", "1g.10gb"],
  [],
];

/** The cards of the machine: whole ones, and one that may be cut into slices. */
export class SimulatedDevices {
  wholeGpus = 3;
  layout = 0;
  /** UUIDs of cards that are not well. */
  readonly sick = new Set<string>();
  /** UUIDs of cards that are not there. */
  readonly gone = new Set<string>();
  /** Why nvidia-smi does not answer; null: it does. */
  failure: string | null = null;
  readonly #engine: FakeRuntime;
  #seen: readonly Device[] = [];

  constructor(engine: FakeRuntime) {
    this.#engine = engine;
  }

  /** What there is, whatever nvidia-smi says. */
  present(): readonly Device[] {
    const cut = layouts[this.layout] ?? [];
    const last = cut.length === 0 ? [gpu(this.wholeGpus)] : migGpu(this.wholeGpus, cut);
    const all = [...Array.from({ length: this.wholeGpus }, (_, index) => gpu(index)), ...last];
    return all
      .filter(({ uuid, parentUuid }) => !this.gone.has(parentUuid ?? uuid))
      .map((device) =>
        this.sick.has(device.parentUuid ?? device.uuid)
          ? { ...device, healthy: false, unhealthyReason: "XID 79" }
          : device,
      );
  }

  /** What nvidia-smi says: never an error, as the provider makes one an answer. */
  look(): Inventory {
    if (this.failure !== null) {
      return { ready: false, message: this.failure, devices: this.#seen, usage: new Map() };
    }
    this.#seen = this.present();
    return inventory(this.#seen, this.#usage());
  }

  #usage(): Record<string, DeviceUsage> {
    const usage: Record<string, DeviceUsage> = {};
    for (const device of this.#seen) {
      const users = this.#engine.containers.filter(
        ({ gpuClaims, state, lingering }) =>
          (isAlive(state) || lingering === true) && gpuClaims.ids.includes(device.uuid),
      );
      usage[device.uuid] = {
        memoryUsedBytes: users.length === 0 ? 0 : 1024 ** 3,
        utilizationPercent: null,
        processes: users.map(({ id, pid }) => ({
          pid: pid ?? 1,
          name: "python",
          user: "root",
          containerId: id,
        })),
      };
    }
    return usage;
  }
}
