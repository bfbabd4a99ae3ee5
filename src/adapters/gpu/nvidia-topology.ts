import type { Device } from "../../core/schedule/device.ts";
import type { NvidiaSmi } from "./nvidia-smi.ts";
import { garbled, NvidiaSmiError } from "./nvidia-smi-error.ts";
import type { ListedGpu } from "./parse-list.ts";
import { parseTopology } from "./parse-topology.ts";

/** UUID of a GPU -> its ways to the others by their UUID; null while unknown. */
export type TopologyLinks = ReadonlyMap<string, NonNullable<Device["links"]>> | null;

/** How the GPUs are joined: asked once for each set of GPUs, since nothing but another set changes it. */
export class NvidiaTopology {
  readonly #smi: NvidiaSmi;
  readonly #retryMs: number;
  #askedFor = "";
  #askAgainAt = Infinity;
  #links: TopologyLinks = null;

  constructor(smi: NvidiaSmi, retryMs = 600_000) {
    this.#smi = smi;
    this.#retryMs = retryMs;
  }

  /** Null when nvidia-smi does not tell; it is asked again after a while then, and never rejects for it. */
  async links(gpus: readonly ListedGpu[]): Promise<TopologyLinks> {
    const set = gpus.map(({ index, uuid }) => `${index} ${uuid}`).join("\n");
    if (set === this.#askedFor && performance.now() < this.#askAgainAt) return this.#links;
    this.#askedFor = set;
    this.#askAgainAt = Infinity;
    try {
      this.#links = gpus.length < 2 ? new Map() : linksByUuid(gpus, await this.#smi.run(["topo", "-m"]));
    } catch (error) {
      if (!(error instanceof NvidiaSmiError)) throw error;
      this.#links = null;
      this.#askAgainAt = performance.now() + this.#retryMs;
    }
    return this.#links;
  }
}

function linksByUuid(gpus: readonly ListedGpu[], output: string): TopologyLinks {
  const byIndex = parseTopology(output);
  // Other GPUs than -L lists: they are being renumbered, and a way would be told of the wrong card.
  if (byIndex.size !== gpus.length || gpus.some(({ index }) => !byIndex.has(index))) {
    throw garbled("topo -m", `${byIndex.size} GPUs where -L lists ${gpus.length}, or other ones`);
  }
  return new Map(
    gpus.map(({ index, uuid }) => {
      const ways = gpus.flatMap((other) => {
        const link = byIndex.get(index)?.get(other.index);
        return link === undefined ? [] : [[other.uuid, link] as const];
      });
      return [uuid, Object.fromEntries(ways)];
    }),
  );
}
