import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Attachment, Device, Inventory, PassedNode } from "../../core/schedule/device.ts";
import { messageOf } from "../../util/errors.ts";
import { namesIn } from "../if-there.ts";
import { acceleratorDevice } from "./accelerator-device.ts";
import type { AcceleratorProvider } from "./several.ts";
import { noGpus } from "./nvidia-attachment.ts";

const googleVendor = "0x1ae0";

/**
 * Google TPUs as the host shows them: `/dev/accelN`, or `/dev/vfio/N` where the IOMMU group has a device of Google's in
 * it. A container gets the nodes and nothing more; what else it may do is for Docker's own configuration.
 */
export class TpuProvider implements AcceleratorProvider {
  readonly vendor = "tpu";
  readonly #root: string;
  #last: readonly Device[] = [];

  /** `root`: where `dev` and `sys` are; `/`. */
  constructor(root = "/") {
    this.#root = root;
  }

  owns(kind: string): boolean {
    return kind === "tpu";
  }

  async discover(signal?: AbortSignal): Promise<Inventory> {
    signal?.throwIfAborted();
    try {
      const names = [...(await this.#accelNames()), ...(await this.#vfioGroups())];
      this.#last = names.map((name, index) => tpu(name, index));
    } catch (error) {
      return { ready: false, message: `TPUs: ${messageOf(error)}`, devices: this.#last, usage: new Map() };
    }
    return { ready: true, message: `${this.#last.length} TPUs`, devices: this.#last, usage: new Map() };
  }

  attach(devices: readonly Device[]): Attachment {
    if (devices.length === 0) return noGpus;
    const nodes = devices.map(({ uuid }) => this.#node(uuid, uuid.replace(/^TPU-/, "").replace("-", "/")));
    const hasVfio = nodes.some(({ pathInContainer }) => pathInContainer.startsWith("/dev/vfio/"));
    return {
      injection: "devices",
      environment: { ...noGpus.environment, PJRT_DEVICE: "TPU" },
      deviceRequests: [],
      nodes: hasVfio ? [...nodes, this.#node(null, "vfio/vfio")] : nodes,
      runtime: null,
    };
  }

  #node(uuid: string | null, name: string): PassedNode {
    return { uuid, pathOnHost: join(this.#root, "dev", name), pathInContainer: `/dev/${name}` };
  }

  async #accelNames(): Promise<readonly string[]> {
    const names = (await namesIn(join(this.#root, "dev"))).filter((name) => /^accel\d+$/.test(name));
    return this.#nodesAmong(names, (name) => name);
  }

  async #vfioGroups(): Promise<readonly string[]> {
    const groups = (await namesIn(join(this.#root, "dev/vfio"))).filter((name) => /^\d+$/.test(name));
    const google: string[] = [];
    for (const group of groups) if (await this.#isGoogles(group)) google.push(group);
    return this.#nodesAmong(google, (group) => `vfio/${group}`);
  }

  /** A group may hold anything that is passed to virtual machines. */
  async #isGoogles(group: string): Promise<boolean> {
    const folder = join(this.#root, "sys/kernel/iommu_groups", group, "devices");
    for (const device of await namesIn(folder)) {
      const vendor = await readFile(join(folder, device, "vendor"), "utf8");
      if (vendor.trim() === googleVendor) return true;
    }
    return false;
  }

  async #nodesAmong(names: readonly string[], pathOf: (name: string) => string): Promise<readonly string[]> {
    const nodes: string[] = [];
    for (const name of names.toSorted((left, right) => numberIn(left) - numberIn(right))) {
      const path = pathOf(name);
      if ((await stat(join(this.#root, "dev", path))).isCharacterDevice()) nodes.push(path);
    }
    return nodes;
  }
}

function tpu(path: string, index: number): Device {
  return acceleratorDevice({
    uuid: `TPU-${path.replace("/", "-")}`,
    slot: `tpu-${numberIn(path)}`,
    index,
    model: "Google TPU",
    kind: "tpu",
  });
}

function numberIn(name: string): number {
  return Number(/\d+/.exec(name)?.[0] ?? -1);
}
