import type { AllocationPreview } from "../api/allocation-preview.ts";
import type { GpuAvailability, GpuDetails, GpuUsage } from "../api/gpu-answers.ts";
import { limitedDisks } from "../core/quota/block-io.ts";
import type { Device } from "../core/schedule/device.ts";
import { resolveReference } from "../core/schedule/device-reference.ts";
import type { Strategy } from "../core/schedule/strategies.ts";
import type { Clock } from "../ports/clock.ts";
import type { HostPaths } from "../ports/host-paths.ts";
import type { CandidateSpecs, Questions } from "../ports/questions.ts";
import type { QuotaPreview } from "../api/quota-preview.ts";
import type { LimitsAnswer, UserUsageLine } from "../api/limits-answer.ts";
import type { Store } from "../ports/store.ts";
import { previewAllocation } from "./allocation-preview.ts";
import type { AggregateBook } from "./aggregate-book.ts";
import type { GpuView } from "./gpu-view.ts";
import { describeGpu, gpuObstacles, gpuUsageLine, type GpuScene } from "./gpu-answers.ts";
import { lookAtPaths, quotaHere } from "./host-path-facts.ts";
import type { HostState } from "./host-state.ts";
import type { InventoryBook } from "./inventory-book.ts";
import { limitsAnswer, userUsageLine } from "./limit-lines.ts";
import { previewQuotas } from "./quota-preview.ts";
import type { RuntimeCache } from "./runtime-cache.ts";

/** People who ask at the same time share one look at the devices. */
const lookMaximumAgeMs = 500;

export interface ControllerQuestionsOptions {
  readonly host: HostState;
  readonly inventory: InventoryBook;
  readonly cache: RuntimeCache;
  readonly gpus: GpuView;
  readonly clock: Clock;
  readonly store: Store;
  readonly aggregates: Pick<AggregateBook, "stateOf">;
  readonly strategy: Strategy;
  readonly hostPaths: HostPaths;
}

/** Answers from one fresh look at the devices and the shared view. */
export class ControllerQuestions implements Questions {
  readonly #options: ControllerQuestionsOptions;

  constructor(options: ControllerQuestionsOptions) {
    this.#options = options;
  }

  async gpuAvailability(reference: string): Promise<GpuAvailability | undefined> {
    const scene = await this.#look();
    const device = deviceNamed(reference, scene);
    if (device === undefined) return undefined;
    const obstacles = gpuObstacles(device, scene);
    const { slot, uuid, model, profile } = device;
    return {
      slot,
      uuid,
      model,
      profile,
      state: gpuUsageLine(device, scene).state,
      available: obstacles.length === 0,
      obstacles,
      checkedAt: new Date(this.#options.clock.now()).toISOString(),
    };
  }

  async gpuDetails(reference: string): Promise<GpuDetails | undefined> {
    const scene = await this.#look();
    const device = deviceNamed(reference, scene);
    return device === undefined ? undefined : describeGpu(device, scene);
  }

  async gpuUsage(): Promise<GpuUsage> {
    const scene = await this.#look();
    const { ready, message, devices } = scene.inventory;
    return { ready, message, devices: devices.map((device) => gpuUsageLine(device, scene)) };
  }

  async allocation(text: string, path: string): Promise<AllocationPreview> {
    await this.#look();
    const { inventory } = this.#options;
    return previewAllocation(text, path, { ...this.#options, inventory: () => inventory.current });
  }

  async limits(user: string): Promise<LimitsAnswer> {
    const { host, store } = this.#options;
    const groups = await host.learnGroups(user);
    const written = host.view().quotaOf(user);
    const quota = quotaHere(written, await lookAtPaths(limitedDisks(written), this.#options.hostPaths, []));
    const record = quota.primary === null ? undefined : store.get("QuotaSpec", quota.primary);
    const aggregate = this.#options.aggregates.stateOf(user);
    // Docker would make a cgroup that is not there, without any limits.
    const parent = aggregate?.problem === null ? aggregate.parent : null;
    return limitsAnswer(quota, groups, record?.source.path ?? null, parent);
  }

  async userUsage(users: readonly string[]): Promise<readonly UserUsageLine[]> {
    const { host, store } = this.#options;
    const known = new Set(store.list("ContainerSpec").map(({ namespace }) => namespace));
    const names = users.length > 0 ? users : [...known].toSorted();
    for (const name of names) await host.learnGroups(name);
    const view = host.view();
    const lines = names.map((name) => userUsageLine(name, view));
    return users.length > 0 ? lines : lines.filter((line) => line.containers > 0 || line.gpuEquivalents > 0);
  }

  async quotaPreview(candidate: CandidateSpecs): Promise<QuotaPreview> {
    await this.#look();
    return previewQuotas(candidate, this.#options);
  }

  async #look(): Promise<GpuScene> {
    const { host, inventory, gpus, cache } = this.#options;
    await inventory.refresh(lookMaximumAgeMs);
    await host.learnForeignOwners();
    const view = host.view();
    // Loads do not make a new version of the inventory; who asks is shown them all the same.
    gpus.update(inventory.current, view);
    return { inventory: inventory.current, view, gpus: gpus.list(), containers: cache.all() };
  }
}

function deviceNamed(reference: string, { inventory }: GpuScene): Device | undefined {
  if (reference.trim() === "all") return undefined;
  const found = resolveReference(reference, inventory.devices) ?? [];
  return found.length === 1 ? found[0] : undefined;
}
