import type { Inventory } from "../core/schedule/device.ts";
import type { Clock } from "../ports/clock.ts";
import type { DeviceProvider } from "../ports/device-provider.ts";
import { messageOf } from "../util/errors.ts";
import { canonicalJson } from "../util/hash.ts";
import { isRecent } from "../util/is-recent.ts";

/** How often devices are asked for although nothing points to a change. */
const idleMs = 20_000;
/** The same while somebody waits for a device. */
const waitingMs = 3000;

export interface InventoryBookOptions {
  readonly provider: DeviceProvider;
  readonly clock: Clock;
  /** Takes in what the provider has just said. */
  readonly onLook: (found: Inventory) => void;
  /** Adds what is held against devices to what the provider says. */
  readonly judge: (found: Inventory) => Inventory;
  readonly onChange: () => void;
  /** True while an object waits for devices. */
  readonly someoneWaits: () => boolean;
}

/** The devices as last seen, asked for again now and then; joins questions that are under way. */
export class InventoryBook {
  readonly #options: InventoryBookOptions;
  #found: Inventory = {
    ready: false,
    message: "the GPU stack was not asked yet",
    devices: [],
    usage: new Map(),
  };
  #inventory: Inventory = this.#found;
  #at = 0;
  #asking: Promise<void> | null = null;
  #version = 0;
  #fingerprint = "";

  constructor(options: InventoryBookOptions) {
    this.#options = options;
  }

  get current(): Inventory {
    return this.#inventory;
  }

  /** Grows when a device, its health or its users change; not with temperatures and loads. */
  get version(): number {
    return this.#version;
  }

  /** Asks unless the answer is younger than `maximumAgeMs`. */
  async refresh(maximumAgeMs = 0): Promise<void> {
    if (this.#at > 0 && isRecent(this.#at, this.#options.clock.now(), maximumAgeMs)) return;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    await this.#asking;
  }

  /** Keeps asking until the signal. */
  run(signal: AbortSignal): void {
    const { clock, provider } = this.#options;
    let cancelNext = (): void => undefined;
    signal.addEventListener("abort", () => cancelNext(), { once: true });
    const next = (): void => {
      if (signal.aborted) return;
      // Who comes to wait between two looks is not to wait for the longer time as well.
      void this.refresh(this.#options.someoneWaits() ? 0 : idleMs - waitingMs).finally(() => {
        cancelNext = clock.callAt(clock.now() + waitingMs, next);
      });
    };
    next();
    const stop = provider.onChange?.(() => void this.refresh());
    if (stop !== undefined) signal.addEventListener("abort", stop, { once: true });
  }

  async #ask(): Promise<void> {
    this.#found = await this.#discover();
    this.#at = this.#options.clock.now();
    this.#options.onLook(this.#found);
    this.judgeAgain();
  }

  /** Takes in that something else is held against a device than before. */
  judgeAgain(): void {
    const inventory = this.#options.judge(this.#found);
    this.#inventory = inventory;
    const users = [...inventory.usage].map(([uuid, { processes, memoryUsedBytes }]) => [
      uuid,
      processes.map(({ pid }) => pid),
      (memoryUsedBytes ?? 0) > 100 * 1024 ** 2,
    ]);
    const fingerprint = canonicalJson([
      inventory.ready,
      inventory.message,
      inventory.driver ?? null,
      inventory.devices,
      users,
    ]);
    if (fingerprint === this.#fingerprint) return;
    this.#fingerprint = fingerprint;
    this.#version += 1;
    this.#options.onChange();
  }

  /** A question that fails is an answer too: nothing may be given away or replaced, and it is asked again. */
  async #discover(): Promise<Inventory> {
    try {
      return await this.#options.provider.discover();
    } catch (error) {
      return { ...this.#found, ready: false, message: messageOf(error) };
    }
  }
}
