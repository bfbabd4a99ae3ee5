import type { Attachment, Device, Inventory } from "../../core/schedule/device.ts";
import type { InjectionFacts } from "../../core/schedule/injection.ts";
import { driverUuid, type SharingRule, withTimeSlices } from "../../core/schedule/sharing.ts";
import type { DeviceProvider } from "../../ports/device-provider.ts";
import type { MigCutter } from "../../ports/mig-cutter.ts";

/** Another provider's devices with the time slices that an admin declares; the container gets the GPU itself. */
export class TimeSlicedProvider implements DeviceProvider {
  readonly cutter?: MigCutter;
  readonly onChange?: (callback: () => void) => () => void;
  readonly #provider: DeviceProvider;
  readonly #rules: readonly SharingRule[];

  constructor(provider: DeviceProvider, rules: readonly SharingRule[]) {
    this.#provider = provider;
    this.#rules = rules;
    if (provider.cutter !== undefined) this.cutter = provider.cutter;
    if (provider.onChange !== undefined) this.onChange = provider.onChange.bind(provider);
  }

  get vendor(): string {
    return this.#provider.vendor;
  }

  async discover(signal?: AbortSignal): Promise<Inventory> {
    const inventory = await this.#provider.discover(signal);
    return { ...inventory, devices: withTimeSlices(inventory.devices, this.#rules) };
  }

  attach(devices: readonly Device[], facts?: InjectionFacts): Attachment {
    const onDriver = devices.map((device) => ({ ...device, uuid: driverUuid(device.uuid) }));
    return this.#provider.attach(onDriver, facts);
  }
}
