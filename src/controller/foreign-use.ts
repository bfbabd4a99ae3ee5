import { apiVersion } from "../api/names.ts";
import type { GpuRecord } from "../ports/control-plane.ts";
import type { EventSink } from "../ports/event-sink.ts";
import type { Store } from "../ports/store.ts";
import { involved } from "./recorder.ts";

/** Tells when a device comes to be used without ds01, to the device and to its holder, and when that ends. */
export class ForeignUse {
  readonly #events: EventSink;
  readonly #store: Store;
  /** Slots by UUID of the devices that are used so; processes on them come and go without a word. */
  readonly #used = new Map<string, string>();

  constructor(events: EventSink, store: Store) {
    this.#events = events;
    this.#store = store;
  }

  /** Compares with what was told before. */
  tell(gpus: readonly GpuRecord[]): void {
    for (const gpu of gpus) {
      const foreign = gpu.status.foreign ?? [];
      const before = this.#used.has(gpu.uid);
      if (foreign.length > 0 === before) continue;
      if (before) this.#ended(gpu);
      else this.#began(gpu, foreign.join(", "));
    }
    const present = new Set(gpus.map(({ uid }) => uid));
    for (const uid of this.#used.keys()) if (!present.has(uid)) this.#used.delete(uid);
  }

  #began(gpu: GpuRecord, who: string): void {
    this.#used.set(gpu.uid, gpu.name);
    const { holder } = gpu.status;
    const beside = holder === null ? "" : ` beside ${holder.namespace}/${holder.name}`;
    const message = `used without ds01 by ${who}${beside}; nobody else gets it until that ends`;
    this.#events.record({ type: "Warning", reason: "ForeignUse", message, about: aboutGpu(gpu) });
    const record =
      holder === null ? undefined : this.#store.get("ContainerSpec", `${holder.namespace}/${holder.name}`);
    if (record === undefined) return;
    this.#events.record({
      type: "Warning",
      reason: "ForeignUse",
      message: `GPU ${gpu.name} is used without ds01 by ${who} as well; ds01 stops nobody: ask them, or an admin`,
      about: involved(record, apiVersion),
    });
  }

  #ended(gpu: GpuRecord): void {
    this.#used.delete(gpu.uid);
    const message = "not used without ds01 any more";
    this.#events.record({ type: "Normal", reason: "ForeignUseEnded", message, about: aboutGpu(gpu) });
  }
}

function aboutGpu({ name, uid }: GpuRecord): Parameters<EventSink["record"]>[0]["about"] {
  return { apiVersion, kind: "Gpu", name, uid };
}
