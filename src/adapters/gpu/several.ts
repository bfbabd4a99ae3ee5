import type { Attachment, Device, Inventory } from "../../core/schedule/device.ts";
import type { InjectionFacts } from "../../core/schedule/injection.ts";
import type { DeviceProvider } from "../../ports/device-provider.ts";

/** A provider for devices other than NVIDIA GPUs. */
export interface AcceleratorProvider extends DeviceProvider {
  /** Whether devices of that kind are its own. */
  owns(kind: string): boolean;
}

/** One provider for GPUs and others beside it, as one. */
export class SeveralProviders implements DeviceProvider {
  readonly #gpus: DeviceProvider;
  readonly #others: readonly AcceleratorProvider[];

  constructor(gpus: DeviceProvider, others: readonly AcceleratorProvider[]) {
    this.#gpus = gpus;
    this.#others = others;
  }

  get vendor(): string {
    return this.#gpus.vendor;
  }

  get #all(): readonly DeviceProvider[] {
    return [this.#gpus, ...this.#others];
  }

  /** Ready when all are: while one is silent, what is free is not known. */
  async discover(signal?: AbortSignal): Promise<Inventory> {
    const found = await Promise.all(this.#all.map((provider) => provider.discover(signal)));
    const silent = found.filter(({ ready }) => !ready);
    const reports = found.flatMap((inventory) => inventory.reports ?? []);
    const problems = found.flatMap((inventory) => inventory.problems ?? []);
    const driver = found.find((inventory) => inventory.driver !== undefined)?.driver;
    return {
      ready: silent.length === 0,
      message: (silent.length > 0 ? silent : found).map(({ message }) => message).join("; "),
      devices: found.flatMap(({ devices }) => devices),
      usage: new Map(found.flatMap(({ usage }) => [...usage])),
      ...(reports.length === 0 ? {} : { reports: new Map(reports.flatMap((each) => [...each])) }),
      ...(problems.length === 0 ? {} : { problems }),
      ...(driver === undefined ? {} : { driver }),
    };
  }

  /** A container holds devices of one kind. */
  attach(devices: readonly Device[], facts?: InjectionFacts): Attachment {
    const kind = devices[0]?.kind;
    const other = kind === undefined ? undefined : this.#others.find((provider) => provider.owns(kind));
    return (other ?? this.#gpus).attach(devices, facts);
  }

  onChange(callback: () => void): () => void {
    const stops = this.#all.flatMap((provider) => provider.onChange?.(callback) ?? []);
    return () => {
      for (const stop of stops) stop();
    };
  }
}
