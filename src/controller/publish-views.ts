import { labels } from "../api/names.ts";
import type { HostView } from "../core/host-view.ts";
import type { ObservedContainer } from "../core/observed.ts";
import { deviceUuidsOf } from "../core/expiry.ts";
import { driverUuid } from "../core/schedule/sharing.ts";
import { isReplacementName } from "../core/plan/container-name.ts";
import { isLive } from "../core/plan/roles.ts";
import type { ContainerRecord } from "../core/record.ts";
import type { PublishedViews } from "../ports/operations-log.ts";
import { isRecent } from "../util/is-recent.ts";

/** Views whose content is unchanged are compared with their files this often at most. */
const checkMs = 10_000;

/** What the views are made from. */
export interface PublishInput {
  readonly view: HostView;
  readonly records: readonly ContainerRecord[];
  readonly slotOf: (uuid: string) => string;
  readonly priorityOf: (record: ContainerRecord) => number;
  readonly now: number;
}

/** Rewrites gpu-state.json and container-metadata from truth; nothing ever reads them back (CONTRACT 2). */
export class ViewPublisher {
  readonly #views: PublishedViews;
  /** null until the first time: then also what an earlier run left is known. */
  #published: ReadonlySet<string> | null = null;
  /** Path -> what its text was made of when it was published last. */
  readonly #made = new Map<string, { readonly container: ObservedContainer; readonly slots: string }>();
  #checkedAt = 0;
  #allocations = "";
  #updatedAt = 0;

  constructor(views: PublishedViews) {
    this.#views = views;
  }

  publish(input: PublishInput): void {
    this.#publishGpuState(input);
    const present = new Set<string>();
    // Now and then all of them, as somebody may have changed a file.
    const all = !isRecent(this.#checkedAt, input.now, checkMs);
    if (all) this.#checkedAt = input.now;
    for (const record of input.records) {
      for (const container of input.view.containersOf.get(record.uid) ?? []) {
        if (isReplacementName(container.name)) continue;
        const path = `container-metadata/${container.name}.json`;
        present.add(path);
        const slots = slotsOf(container, input.slotOf);
        const made = this.#made.get(path);
        if (!all && made?.container === container && made.slots === slots) continue;
        this.#made.set(path, { container, slots });
        this.#views.publish(path, metadataText(record, container, slots));
      }
    }
    for (const path of this.#known()) {
      if (present.has(path)) continue;
      this.#made.delete(path);
      this.#views.withdraw(path);
    }
    this.#published = present;
  }

  #known(): Iterable<string> {
    if (this.#published !== null) return this.#published;
    return this.#views.published("container-metadata").map((name) => `container-metadata/${name}`);
  }

  #publishGpuState(input: PublishInput): void {
    const allocations = Object.fromEntries(input.records.flatMap((record) => allocationOf(record, input)));
    const text = JSON.stringify(allocations);
    if (text !== this.#allocations) this.#updatedAt = input.now;
    this.#allocations = text;
    const state = { allocations, last_updated: new Date(this.#updatedAt).toISOString() };
    this.#views.publish("gpu-state.json", `${JSON.stringify(state, null, 2)}\n`);
  }
}

function allocationOf(record: ContainerRecord, input: PublishInput): readonly (readonly [string, unknown])[] {
  const claim = input.view.claims.get(record.uid);
  if (claim === undefined) return [];
  const container = (input.view.containersOf.get(record.uid) ?? []).find(
    ({ name }) => !isReplacementName(name),
  );
  if (container === undefined) return [];
  const stopped = !isLive(container) && container.finishedAt !== null;
  return [
    [
      container.name,
      {
        user: record.namespace,
        gpu_id: claim.deviceUuids.map(input.slotOf).join(","),
        gpu_uuid: claim.deviceUuids.map(driverUuid).join(","),
        allocated_at: container.labels[labels.gpuAllocated] ?? null,
        priority: input.priorityOf(record),
        stopped_at: stopped ? new Date(container.finishedAt ?? 0).toISOString() : null,
      },
    ],
  ];
}

/** Slots of its GPUs, joined with commas; empty without any. */
function slotsOf(container: ObservedContainer, slotOf: (uuid: string) => string): string {
  return deviceUuidsOf(container).map(slotOf).join(",");
}

function metadataText(record: ContainerRecord, container: ObservedContainer, slots: string): string {
  const { cpus, memoryBytes, shmSizeBytes, pidsLimit } = container.config;
  const metadata = {
    container_name: container.name,
    user: record.namespace,
    image: container.config.image,
    gpu_id: slots === "" ? null : slots,
    created_at: new Date(container.createdAt).toISOString(),
    resource_limits: { cpus, memory: memoryBytes, shm_size: shmSizeBytes, pids_limit: pidsLimit },
  };
  return `${JSON.stringify(metadata, null, 2)}\n`;
}
