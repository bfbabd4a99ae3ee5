import { z } from "zod";
import { labels } from "../api/names.ts";
import type { ObservedContainer } from "../core/observed.ts";
import { aggregateAmounts, amountsOrNone } from "../core/quota/aggregate.ts";
import { limitUnavailable, overAggregate, type AggregateState } from "../core/quota/aggregate-state.ts";
import { cgroupDriverOf, cgroupParent, isBelowRoot, type CgroupDriver } from "../core/quota/cgroup-parent.ts";
import type { ResolvedQuota } from "../core/quota/limits.ts";
import type { AggregateCgroups, HeldMemory } from "../ports/aggregate-cgroups.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { StateDocument } from "../ports/state-document.ts";
import { Ds01Error, messageOf, StalledError } from "../util/errors.ts";
import { formatBytes } from "../util/quantity.ts";
import { sameValue } from "../util/same-value.ts";
import type { EngineBook } from "./engine-book.ts";
import { isRecent } from "../util/is-recent.ts";
import { readDocument } from "./read-document.ts";

/** Objects of one user that are looked at together share one look at their cgroup. */
const freshMs = 500;
/** How often cgroups are compared with their quotas although nobody is looked at. */
const reviewMs = 10_000;

const Made = z.object({ bootId: z.string(), parents: z.array(z.string()) });

export interface AggregateBookOptions {
  /** Absent where the engine runs on another machine. */
  readonly cgroups: AggregateCgroups | null;
  /** Which cgroups ds01 has made since the boot. */
  readonly document: StateDocument;
  /** Name of the cgroup above those of all users. */
  readonly root: string;
  readonly instance: string;
  readonly engine: EngineBook;
  readonly containers: () => readonly ObservedContainer[];
  readonly namespaces: () => readonly string[];
  readonly quotaOf: (namespace: string) => Promise<ResolvedQuota>;
  /** Something about a user's cgroup is another than before. */
  readonly onChange: (namespace: string) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly dryRun: boolean;
}

interface Known {
  readonly at: number;
  readonly quota: ResolvedQuota;
  readonly state: AggregateState | null;
}

/**
 * Keeps a cgroup with the limits of `spec.aggregate` around the containers of each user who has one. Level-triggered:
 * what the kernel shows is compared with the quota at each look. It touches no cgroup that ds01 has not made.
 */
export class AggregateBook {
  readonly #options: AggregateBookOptions;
  readonly #known = new Map<string, Known>();
  #made: readonly string[];

  constructor(options: AggregateBookOptions) {
    this.#options = options;
    // Where it cannot be read those with one of our containers are known again, see `#isOurs`.
    const read = readDocument(options.document, Made);
    this.#made = read !== null && read.bootId === options.cgroups?.bootId ? read.parents : [];
  }

  /** How it stood at the last look; null for a user without an aggregate. */
  stateOf(namespace: string): AggregateState | null {
    return this.#known.get(namespace)?.state ?? null;
  }

  /**
   * Makes what is missing and corrects what differs; what goes wrong with that stands in the state. Rejects when nobody
   * can say which quota counts (NameServiceUnreachable).
   */
  async ensure(namespace: string): Promise<void> {
    const { clock, quotaOf } = this.#options;
    const quota = await quotaOf(namespace);
    const before = this.#known.get(namespace);
    if (before?.quota === quota && isRecent(before.at, clock.now(), freshMs)) return;
    const state = await this.#look(namespace, quota);
    this.#known.set(namespace, { at: clock.now(), quota, state });
  }

  /** Keeps comparing until the signal. */
  run(signal: AbortSignal): void {
    const { clock, dryRun } = this.#options;
    if (dryRun) return;
    let cancelNext = (): void => undefined;
    signal.addEventListener("abort", () => cancelNext(), { once: true });
    const next = async (): Promise<void> => {
      await this.#review();
      if (!signal.aborted) cancelNext = clock.callAt(clock.now() + reviewMs, () => void next());
    };
    void next();
  }

  async #review(): Promise<void> {
    const { namespaces, onChange, log } = this.#options;
    for (const namespace of new Set(namespaces())) {
      const before = this.stateOf(namespace);
      try {
        await this.ensure(namespace);
      } catch (error) {
        // The limits stand as they are; the next look asks again.
        log.warn({ namespace, reason: messageOf(error) }, "cgroup limits were not compared");
        continue;
      }
      if (!sameValue(before, this.stateOf(namespace))) onChange(namespace);
    }
  }

  async #look(namespace: string, quota: ResolvedQuota): Promise<AggregateState | null> {
    const { dryRun, root } = this.#options;
    const wanted = aggregateAmounts(quota);
    const containers = this.#containersOf(namespace);
    if (wanted === null && containers.every(({ config }) => config.cgroupParent === "")) return null;
    try {
      const { cgroups, driver } = await this.#host();
      const own = wanted === null ? null : cgroupParent(driver, root, quota.primary ?? "", quota.user);
      if (dryRun) return own === null ? null : { parent: own, problem: null, held: null };
      const left = new Set(containers.map(({ config }) => config.cgroupParent));
      for (const parent of left) {
        if (parent !== own && isBelowRoot(driver, root, parent)) {
          await this.#limit(cgroups, { driver, parent }, quota);
        }
      }
      if (own === null) return null;
      const held = await this.#limit(cgroups, { driver, parent: own }, quota);
      return held === null ? { parent: own, problem: null, held: null } : overused(own, quota, held);
    } catch (error) {
      if (wanted === null) {
        this.#options.log.warn({ namespace, reason: messageOf(error) }, "a cgroup left over was not changed");
        return null;
      }
      return {
        parent: null,
        problem: limitUnavailable(quota.user, messageOf(error), remedyOf(error)),
        held: null,
      };
    }
  }

  /** Sets the limits on a cgroup of ours, or makes it; the memory that could not be lowered, null when all stand. */
  async #limit(
    cgroups: AggregateCgroups,
    { driver, parent }: { readonly driver: CgroupDriver; readonly parent: string },
    quota: ResolvedQuota,
  ): Promise<HeldMemory | null> {
    const { log } = this.#options;
    if (!this.#made.includes(parent)) {
      if ((await cgroups.exists(driver, parent)) && !this.#isOurs(parent)) {
        throw new StalledError({
          reason: "AggregateLimitUnavailable",
          message: `${parent} exists and was not made by this controller`,
          remedy: "remove it, or set another cgroupRoot in the configuration",
        });
      }
      // Written first: a cgroup that nobody remembers having made would never be touched again.
      await this.#remember(cgroups.bootId, parent);
    }
    const limits = amountsOrNone(quota);
    const { written, held } = await cgroups.limit(driver, parent, limits);
    if (written.length > 0) {
      log.info({ parent, user: quota.user, written, ...limits }, "cgroup limits set");
    }
    return held;
  }

  async #remember(bootId: string, parent: string): Promise<void> {
    const parents = [...this.#made, parent];
    await this.#options.document.write({ bootId, parents });
    this.#made = parents;
  }

  /** One of our containers is in it: who made it has forgotten, or Docker did. */
  #isOurs(parent: string): boolean {
    const { containers, instance } = this.#options;
    return containers().some(
      ({ labels: own, config }) => own[labels.instance] === instance && config.cgroupParent === parent,
    );
  }

  #containersOf(namespace: string): readonly ObservedContainer[] {
    const { containers, instance } = this.#options;
    return containers().filter(
      ({ labels: own }) => own[labels.instance] === instance && own[labels.user] === namespace,
    );
  }

  async #host(): Promise<{ readonly cgroups: AggregateCgroups; readonly driver: CgroupDriver }> {
    const { cgroups, engine } = this.#options;
    if (cgroups === null) {
      throw new StalledError({
        reason: "AggregateLimitUnavailable",
        message: "the engine runs on another machine",
        remedy: "run the controller beside the engine, or take spec.aggregate out of the quota",
      });
    }
    if (engine.current.cgroupDriver === "") await engine.refresh();
    const driver = cgroupDriverOf(engine.current.cgroupDriver);
    if (driver !== null) return { cgroups, driver };
    throw new StalledError({
      reason: "AggregateLimitUnavailable",
      message: `the engine says that its cgroup driver is "${engine.current.cgroupDriver}"; known are cgroupfs and systemd`,
      remedy: "set native.cgroupdriver in the engine's configuration",
    });
  }
}

function overused(
  parent: string,
  quota: ResolvedQuota,
  { limitBytes, usedBytes }: HeldMemory,
): AggregateState {
  const wanted = quota.aggregate.memoryBytes.value;
  return {
    parent,
    problem: overAggregate(quota, usedBytes),
    held: {
      field: "aggregate.memory",
      found: limitBytes === null ? "unlimited" : formatBytes(limitBytes),
      wanted: wanted === null ? "unlimited" : formatBytes(wanted),
    },
  };
}

function remedyOf(error: unknown): string {
  if (error instanceof Ds01Error && error.remedy !== undefined) return error.remedy;
  return "see the controller's log; it needs to be root and to see /sys/fs/cgroup";
}
