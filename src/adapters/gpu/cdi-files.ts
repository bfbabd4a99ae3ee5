import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import type { Attachment, Device, Inventory, InventoryProblem } from "../../core/schedule/device.ts";
import { messageOf } from "../../util/errors.ts";
import { errorCode } from "../error-code.ts";
import { namesIn } from "../if-there.ts";
import { acceleratorDevice } from "./accelerator-device.ts";
import type { AcceleratorProvider } from "./several.ts";
import { noGpus } from "./nvidia-attachment.ts";

/** Where Docker looks; a kind in the later one wins. */
const standardFolders = ["/etc/cdi", "/var/run/cdi"];

/** Names that stand for several devices or none. */
const collective: ReadonlySet<string> = new Set(["all", "none"]);

const CdiFile = z.object({
  kind: z.string().regex(/^[^/\s]+\/[^/\s]+$/, "vendor and class, such as amd.com/gpu"),
  devices: z.array(z.object({ name: z.union([z.string(), z.number()]).transform(String) })),
});

/** What is known of the files now. */
interface Reading {
  /** Devices that some readable file defines. */
  readonly names: Set<string>;
  /** Why a device is not to be given out: the file that defined it says nothing now. */
  readonly blocked: Map<string, string>;
  readonly problems: InventoryProblem[];
}

/**
 * The devices of every vendor but NVIDIA that CDI files list: AMD, Intel and others. They have no usage and no health:
 * a file only says how to pass them in. A file that is wrong, or half written, keeps only its own devices from everybody.
 */
export class CdiFilesProvider implements AcceleratorProvider {
  readonly vendor = "cdi";
  readonly #folders: readonly string[];
  /** What each file defined when it could be read last. */
  readonly #defined = new Map<string, readonly string[]>();

  constructor(folders: readonly string[] = standardFolders) {
    this.#folders = folders;
  }

  owns(kind: string): boolean {
    return kind.includes("/");
  }

  async discover(signal?: AbortSignal): Promise<Inventory> {
    signal?.throwIfAborted();
    const reading: Reading = { names: new Set(), blocked: new Map(), problems: [] };
    for (const folder of this.#folders) await this.#readFolder(folder, reading);
    const devices = devicesOf(reading);
    const { problems } = reading;
    return {
      ready: true,
      message: `${devices.length} CDI devices`,
      devices,
      usage: new Map(),
      ...(problems.length === 0 ? {} : { problems }),
    };
  }

  attach(devices: readonly Device[]): Attachment {
    if (devices.length === 0) return noGpus;
    return {
      injection: "cdi",
      environment: noGpus.environment,
      deviceRequests: [{ driver: "cdi", deviceIds: devices.map(({ uuid }) => uuid), capabilities: [] }],
      runtime: null,
    };
  }

  async #readFolder(folder: string, reading: Reading): Promise<void> {
    const known = [...this.#defined.keys()].filter((path) => dirname(path) === folder);
    try {
      const files = (await namesIn(folder)).filter((name) => /\.(?:json|ya?ml)$/.test(name));
      const paths = files.toSorted().map((name) => join(folder, name));
      for (const path of known) if (!paths.includes(path)) this.#defined.delete(path);
      for (const path of paths) await this.#readFile(path, reading);
    } catch (error) {
      this.#note({ source: folder, message: messageOf(error) }, known, reading);
    }
  }

  async #readFile(path: string, reading: Reading): Promise<void> {
    try {
      const names = await deviceNamesIn(path);
      this.#defined.set(path, names);
      for (const name of names) reading.names.add(name);
    } catch (error) {
      // Taken away since its folder was read.
      if (errorCode(error) === "ENOENT") this.#defined.delete(path);
      else
        this.#note({ source: path, message: messageOf(error).replaceAll(/\s*\n\s*/g, " ") }, [path], reading);
    }
  }

  #note(problem: InventoryProblem, paths: readonly string[], { blocked, problems }: Reading): void {
    problems.push(problem);
    const reason = `${problem.source} cannot be read: ${problem.message}`;
    for (const name of paths.flatMap((path) => this.#defined.get(path) ?? [])) blocked.set(name, reason);
  }
}

/** Full names such as `amd.com/gpu=0`. */
async function deviceNamesIn(path: string): Promise<readonly string[]> {
  const parsed = CdiFile.safeParse(parse(await readFile(path, "utf8")));
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
  const { kind, devices } = parsed.data;
  if (kind.startsWith("nvidia.com/")) return [];
  return devices.flatMap(({ name }) => (collective.has(name) ? [] : [`${kind}=${name}`]));
}

function devicesOf({ names, blocked }: Reading): readonly Device[] {
  const all = [...new Set([...names, ...blocked.keys()])].toSorted((left, right) =>
    left.localeCompare(right, "en", { numeric: true }),
  );
  return namedDevices(all).map((device) => {
    const reason = names.has(device.uuid) ? undefined : blocked.get(device.uuid);
    return reason === undefined ? device : { ...device, healthy: false, unhealthyReason: reason };
  });
}

function namedDevices(names: readonly string[]): readonly Device[] {
  const parts = names.map((uuid) => {
    const [kind = "", name = ""] = uuid.split("=");
    const [vendor = "", kindClass = ""] = kind.split("/");
    return {
      uuid,
      kind,
      short: `${vendor.split(".")[0]}-${kindClass}-${name}`,
      long: `${vendor}-${kindClass}-${name}`,
    };
  });
  return parts.map(({ uuid, kind, short, long }, index) => {
    const isUnique = parts.filter((other) => other.short === short).length === 1;
    const slot = (isUnique ? short : long).toLowerCase().replaceAll(/[^a-z0-9.-]/g, "-");
    return acceleratorDevice({ uuid, kind, slot, index, model: kind });
  });
}
