import { z } from "zod";
import type { HostView } from "../core/host-view.ts";
import type { RecentUse } from "../core/schedule/queue-order.ts";
import {
  advanceUse,
  lookAtUse,
  parseUseHistory,
  recentUseOf,
  type UseHistory,
} from "../core/schedule/recent-use.ts";
import type { Inventory } from "../core/schedule/device.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { StateDocument } from "../ports/state-document.ts";
import { messageOf } from "../util/errors.ts";
import { isRecent } from "../util/is-recent.ts";
import { readDocument } from "./read-document.ts";

/** What is held is looked at this often; what is held for less counts as far as a look meets it. */
const lookMs = 60_000;
/** The history is written this often at most, and when the controller ends. */
const writeMs = 300_000;

const Written = z.looseObject({ at: z.number(), hours: z.record(z.string(), z.unknown()) });

export interface UseMeterOptions {
  readonly document: StateDocument;
  readonly clock: Clock;
  readonly log: Log;
  readonly onChange: () => void;
}

/** Keeps who has used how much of the GPUs of late, for the order of the queue. */
export class UseMeter {
  readonly #options: UseMeterOptions;
  #history: UseHistory;
  #recent: RecentUse;
  #version = 0;
  #writtenAt: number;
  #cancel: () => void = () => undefined;

  constructor(options: UseMeterOptions) {
    this.#options = options;
    const now = options.clock.now();
    this.#history = parseUseHistory(readDocument(options.document, Written), now);
    this.#recent = recentUseOf(this.#history);
    this.#writtenAt = now;
  }

  get recent(): RecentUse {
    return this.#recent;
  }

  /** Grows whenever `recent` has become another. */
  get version(): number {
    return this.#version;
  }

  /** Looks from now on; `held` is GPU-equivalents by namespace at this moment. */
  start(held: () => ReadonlyMap<string, number>): void {
    // Nobody knows what was held while no controller ran.
    this.#history = advanceUse(this.#history, new Map(), this.#options.clock.now());
    this.#plan(held);
  }

  async stop(): Promise<void> {
    this.#cancel();
    await this.#write();
  }

  #plan(held: () => ReadonlyMap<string, number>): void {
    const { clock } = this.#options;
    this.#cancel = clock.callAt(clock.now() + lookMs, () => {
      this.#look(held());
      this.#plan(held);
    });
  }

  #look(held: ReadonlyMap<string, number>): void {
    const now = this.#options.clock.now();
    const before = this.#recent;
    this.#history = lookAtUse(this.#history, held, now);
    this.#recent = recentUseOf(this.#history);
    if (!sameUse(before, this.#recent)) {
      this.#version += 1;
      this.#options.onChange();
    }
    if (!isRecent(this.#writtenAt, now, writeMs)) void this.#write();
  }

  async #write(): Promise<void> {
    const { clock, document, log } = this.#options;
    this.#writtenAt = clock.now();
    try {
      await document.write(this.#history);
    } catch (error) {
      log.warn({ reason: "UseNotWritten", message: messageOf(error) }, "recent use could not be written");
    }
  }
}

/** GPU-equivalents that each namespace holds now. */
export function heldByNamespace(
  { claims }: Pick<HostView, "claims">,
  { devices }: Inventory,
): ReadonlyMap<string, number> {
  const equivalents = new Map(devices.map((device) => [device.uuid, device.gpuEquivalents]));
  const held = new Map<string, number>();
  for (const { namespace, deviceUuids } of claims.values()) {
    const sum = deviceUuids.reduce((total, uuid) => total + (equivalents.get(uuid) ?? 1), 0);
    held.set(namespace, (held.get(namespace) ?? 0) + sum);
  }
  return held;
}

function sameUse(left: RecentUse, right: RecentUse): boolean {
  return left.size === right.size && [...left].every(([namespace, hours]) => right.get(namespace) === hours);
}
