import { labels } from "../api/names.ts";
import type { AccessLoss } from "../core/gpu-access.ts";
import type { ObservedContainer } from "../core/observed.ts";
import type { EngineDevices } from "../core/schedule/injection.ts";
import type { Clock } from "../ports/clock.ts";
import type { AccessVerdict, DeviceAccess } from "../ports/device-access.ts";
import type { AccessCheckInput } from "./access-check.ts";
import type { RuntimeCache } from "./runtime-cache.ts";

/** A loss is believed when it is still there this much later. */
const confirmMs = 2000;
/** Devices of other kinds are known to Docker, which keeps them. */
const watched: ReadonlySet<string> = new Set(["hook", "runtime", "cdi"]);

interface Probed {
  readonly container: ObservedContainer;
  readonly verdict: AccessVerdict;
}

export interface AccessWatchOptions {
  readonly access: DeviceAccess;
  readonly cache: RuntimeCache;
  readonly clock: Clock;
  readonly instance: string;
  /** Time between two looks at everything; null: never. */
  readonly everyMs: number | null;
  readonly onChange: (namespace: string, name: string) => void;
}

/** Looks now and then whether running containers can still open their GPUs. */
export class AccessWatch {
  readonly #options: AccessWatchOptions;
  readonly #lost = new Map<string, AccessLoss>();
  /** How many containers the last look found with access. */
  #reaching: number | null = null;

  constructor(options: AccessWatchOptions) {
    this.#options = options;
  }

  get lost(): readonly AccessLoss[] {
    return [...this.#lost.values()];
  }

  /** What doctor says of it: without the systemd driver a daemon-reload takes nothing. */
  check({ cgroupDriver }: EngineDevices): AccessCheckInput {
    const containers = this.#options.cache.all().filter((container) => this.#isProbed(container));
    const isHooked = ({ labels: own }: ObservedContainer): boolean => own[labels.injection] !== "cdi";
    return {
      lost: containers
        .filter((container) => this.#isKnown(container))
        .map(({ labels: own }) => `${own[labels.user]}/${own[labels.name]}`),
      reaching: this.#reaching,
      atRisk: cgroupDriver === "systemd" ? containers.filter(isHooked).length : 0,
    };
  }

  /** Keeps looking until the signal. */
  run(signal: AbortSignal): void {
    const { everyMs, clock } = this.#options;
    if (everyMs === null) return;
    let cancelNext = (): void => undefined;
    signal.addEventListener("abort", () => cancelNext(), { once: true });
    const next = async (): Promise<void> => {
      await this.look();
      if (!signal.aborted) cancelNext = clock.callAt(clock.now() + everyMs, () => void next());
    };
    void next();
  }

  /** One look at every container with GPUs, and a second one where access seems to be newly lost. */
  async look(): Promise<void> {
    const containers = this.#options.cache.all().filter((container) => this.#isProbed(container));
    const running = new Set(containers.map(({ id }) => id));
    for (const id of this.#lost.keys()) if (!running.has(id)) this.#lost.delete(id);
    let verdicts = await this.#probe(containers);
    const isNews = ({ container, verdict }: Probed): boolean =>
      verdict.type === "denied" && !this.#isKnown(container);
    if (verdicts.some(isNews)) {
      await this.#pause(confirmMs);
      const again = await this.#probe(verdicts.filter(isNews).map(({ container }) => container));
      verdicts = [...verdicts.filter((probed) => !isNews(probed)), ...again];
    }
    for (const probed of verdicts) this.#note(probed);
    this.#reaching =
      containers.length === 0 ? null : verdicts.filter(({ verdict }) => verdict.type === "granted").length;
  }

  /** One after the other: nobody waits for it. */
  async #probe(containers: readonly ObservedContainer[]): Promise<readonly Probed[]> {
    const probed: Probed[] = [];
    for (const container of containers) {
      probed.push({ container, verdict: await this.#options.access.probe(container) });
    }
    return probed;
  }

  #note({ container, verdict }: Probed): void {
    const { id, startedAt } = container;
    if (verdict.type === "denied") {
      const known = this.#isKnown(container);
      const now = this.#options.clock.now();
      const seenAt = known ? (this.#lost.get(id)?.seenAt ?? now) : now;
      this.#lost.set(id, { containerId: id, startedAt, seenAt, node: verdict.node });
      if (!known) this.#tell(container);
    } else if (verdict.type === "granted" && this.#lost.delete(id)) {
      this.#tell(container);
    }
  }

  #isKnown({ id, startedAt }: ObservedContainer): boolean {
    const known = this.#lost.get(id);
    return known !== undefined && known.startedAt === startedAt;
  }

  #isProbed({ state, labels: own }: ObservedContainer): boolean {
    return (
      state === "running" &&
      own[labels.instance] === this.#options.instance &&
      /^(?:GPU|MIG)-/.test(own[labels.gpuUuids] ?? "") &&
      watched.has(own[labels.injection] ?? "")
    );
  }

  #tell({ labels: own }: ObservedContainer): void {
    this.#options.onChange(own[labels.user] ?? "", own[labels.name] ?? "");
  }

  #pause(durationMs: number): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve) => void clock.callAt(clock.now() + durationMs, resolve));
  }
}
