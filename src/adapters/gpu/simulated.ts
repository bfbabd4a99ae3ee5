import { watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { Attachment, Device, Inventory } from "../../core/schedule/device.ts";
import type { DeviceProvider } from "../../ports/device-provider.ts";
import { messageOf } from "../../util/errors.ts";
import { noGpus } from "./nvidia-attachment.ts";
import { parseSimulatedGpus, type SimulatedDevices } from "./simulated-file.ts";

/** GPUs that a file describes: for trying ds01 and for tests without hardware. */
export class SimulatedProvider implements DeviceProvider {
  readonly vendor = "simulated";
  readonly #path: string;
  #text: string | null = null;
  #found: SimulatedDevices = { devices: [], usage: new Map() };

  constructor(path: string) {
    this.#path = path;
  }

  async discover(signal?: AbortSignal): Promise<Inventory> {
    signal?.throwIfAborted();
    try {
      const text = await readFile(this.#path, "utf8");
      if (text !== this.#text) this.#found = parseSimulatedGpus(text);
      this.#text = text;
    } catch (error) {
      const message = `${this.#path}: ${messageOf(error)}`;
      return { ready: false, message, devices: this.#found.devices, usage: new Map() };
    }
    const message = `${this.#found.devices.length} simulated devices`;
    return { ready: true, message, ...this.#found };
  }

  attach(devices: readonly Device[]): Attachment {
    if (devices.length === 0) return noGpus;
    const uuids = devices.map((device) => device.uuid).join(",");
    return {
      injection: "simulated",
      environment: { DS01_GPUS: uuids, NVIDIA_VISIBLE_DEVICES: uuids },
      deviceRequests: [],
      runtime: null,
    };
  }

  /** Watches the directory, because editors and atomic writers replace the file. */
  onChange(callback: () => void): () => void {
    const name = basename(this.#path);
    const watcher = watch(dirname(this.#path), { persistent: false }, (_event, changed) => {
      if (changed === null || changed === name) callback();
    });
    // A directory that goes away ends the watching; discover reads the file anew anyway.
    watcher.on("error", () => watcher.close());
    return () => watcher.close();
  }
}
