import type { ContainerRecord } from "../core/record.ts";
import type { Cordon } from "../core/health/cordon.ts";
import { Calendar } from "../core/schedule/calendar.ts";
import type { Inventory } from "../core/schedule/device.ts";
import { nextRecut, ownSliceOf, type Recut, type WantedSlices } from "../core/schedule/recut.ts";
import type { Clock } from "../ports/clock.ts";
import type { DeviceProvider } from "../ports/device-provider.ts";
import type { EventSink } from "../ports/event-sink.ts";
import type { InstanceLock } from "../ports/lock.ts";
import type { Log } from "../ports/log.ts";
import type { StateDocument } from "../ports/state-document.ts";
import { Ds01Error, messageOf } from "../util/errors.ts";
import type { HostState } from "./host-state.ts";
import type { InventoryBook } from "./inventory-book.ts";
import { describeSlice, isTaken, OwnSlices } from "./own-slices.ts";

/** Whether something is to be cut is asked this often. */
const lookMs = 1000;
/** After a change that failed nothing is tried for this long. */
const pauseMs = 30_000;
/** What more slices help against; where free devices are beyond its owner's quota, smaller ones may not be. */
const reasonsToCut: readonly string[] = ["WaitingForDevices", "WaitingForQuota", "ReservedForOthers"];

export interface MigDeskOptions {
  readonly enabled: boolean;
  readonly provider: DeviceProvider;
  /** Slices that ds01 has cut, and nobody else. */
  readonly document: StateDocument;
  readonly inventory: InventoryBook;
  readonly host: Pick<HostState, "view">;
  /** False until all containers and specs are known: before, what is held may look idle. */
  readonly knowsHolders: () => boolean;
  readonly records: () => readonly ContainerRecord[];
  readonly events: EventSink;
  readonly lock: Pick<InstanceLock, "held">;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Cuts the slices that specs wait for, one change at a time, where an admin has switched that on. It takes away only
 * what it has recorded as cut by itself, once nobody has it; MIG mode it leaves as it is.
 */
export class MigDesk {
  readonly #options: MigDeskOptions;
  readonly #own: OwnSlices;
  /** UUID of the slice that is being taken away: nobody is given it meanwhile. */
  #closing: string | null = null;
  #notBefore = 0;

  constructor(options: MigDeskOptions) {
    this.#options = options;
    this.#own = new OwnSlices(options.document);
  }

  /** The inventory with what this desk may cut, and without what it takes away. */
  judged(found: Inventory): Inventory {
    if (!this.#options.enabled || this.#options.provider.cutter === undefined) return found;
    const cordon = (uuid: string): Cordon => ({
      uuid,
      by: "ds01",
      at: this.#options.clock.now(),
      reason: "its card is being cut anew",
    });
    const devices = found.devices.map((device) => {
      const { cutting, uuid } = device;
      if (cutting !== undefined) return { ...device, cutting: { ...cutting, byDs01: true } };
      return uuid === this.#closing ? { ...device, cordon: device.cordon ?? cordon(uuid) } : device;
    });
    return { ...found, devices };
  }

  /** Looks now and then until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, enabled, provider } = this.#options;
    if (!enabled || provider.cutter === undefined) return;
    let wake = (): void => undefined;
    signal.addEventListener("abort", () => wake(), { once: true });
    while (!signal.aborted) {
      await new Promise<void>((resolve) => {
        const cancel = clock.callAt(clock.now() + lookMs, resolve);
        wake = () => {
          cancel();
          resolve();
        };
      });
      if (!signal.aborted) await this.#step();
    }
  }

  async #step(): Promise<void> {
    const { clock, inventory, host, lock, log, records } = this.#options;
    if (!inventory.current.ready || clock.now() < this.#notBefore || !lock.held()) return;
    if (!this.#options.knowsHolders()) return;
    if (this.#own.intent !== null) {
      await this.#settle();
      return;
    }
    if (records().every(({ status }) => status.queue === undefined)) return;
    const { devices } = inventory.current;
    this.#own.dropLost(devices);
    const { leases, kept } = host.view();
    const recut = nextRecut({
      wanted: this.#wanted(),
      devices,
      leases,
      own: this.#own.all,
      kept: kept.flatMap((one) => one.devices),
    });
    if (recut === null) return;
    try {
      await (recut.do === "create" ? this.#create(recut) : this.#destroy(recut));
    } catch (error) {
      this.#notBefore = clock.now() + pauseMs;
      log.warn({ reason: "RecutFailed", message: messageOf(error) }, "a card could not be cut");
    }
    await inventory.refresh();
  }

  /** What waits for devices, or for smaller ones than are free; first come first. */
  #wanted(): readonly WantedSlices[] {
    const { demands, outcomes, kept, devices, leases } = this.#options.host.view();
    const calendar = new Calendar(kept, { devices, leases, now: this.#options.clock.now() });
    return demands
      .flatMap((demand) => {
        const outcome = outcomes.get(demand.uid);
        if (outcome?.type !== "waiting" || !reasonsToCut.includes(outcome.reason)) return [];
        const { quotaLeft, position } = outcome;
        return [{ demand, quotaLeft, position, reserved: calendar.against(demand) }];
      })
      .toSorted((left, right) => left.position - right.position);
  }

  async #create({ card, profile, placement, cause }: Extract<Recut, { do: "create" }>): Promise<void> {
    const { provider, events, inventory, lock, clock } = this.#options;
    const slice = { cardUuid: card.uuid, profile: profile.name, placement };
    // What is there after a crash is taken for ds01's own only because nothing was there before.
    await inventory.refresh();
    if (!inventory.current.ready || isTaken(slice, inventory.current.devices) || !lock.held()) return;
    await this.#own.intend({ ...slice, at: clock.now() });
    try {
      const gpuInstance = await provider.cutter?.create(card.uuid, profile, placement.start);
      if (gpuInstance !== undefined) await this.#own.made(gpuInstance);
    } catch (error) {
      // Any other failure leaves open whether it was cut.
      if (error instanceof Ds01Error && error.reason === "NvidiaSmiFailed") await this.#own.refused();
      throw error;
    }
    const message = `cut ${describeSlice(slice)} of GPU ${card.slot}: ${cause}`;
    events.record({ type: "Normal", reason: "SliceCut", message, about: aboutGpu(card) });
  }

  /** What became of a cut that an earlier controller, or an answer that was lost, has left open. */
  async #settle(): Promise<void> {
    const { clock, events, inventory, log } = this.#options;
    const { intent } = this.#own;
    await inventory.refresh();
    if (intent === null || !inventory.current.ready) return;
    try {
      const slice = await this.#own.settle(inventory.current.devices, clock.now());
      if (slice === null) return;
      const message = `cut ${describeSlice(intent)} (${slice.slot}); ds01 was interrupted and has found it again`;
      events.record({ type: "Normal", reason: "SliceCut", message, about: aboutGpu(slice) });
    } catch (error) {
      this.#notBefore = clock.now() + pauseMs;
      log.warn(
        { reason: "RecutFailed", message: messageOf(error) },
        "what was cut could not be written down",
      );
    }
  }

  async #destroy({ slice, own, cause }: Extract<Recut, { do: "destroy" }>): Promise<void> {
    const { provider, events, inventory, host, lock } = this.#options;
    this.#closing = slice.uuid;
    try {
      // From here to the question there is no await: nobody can have been given it in between.
      inventory.judgeAgain();
      if (host.view().leases.some(({ deviceUuid }) => deviceUuid === slice.uuid)) return;
      // What is recorded must be seen at that very place once more.
      await inventory.refresh();
      const seen = inventory.current.devices.find(({ uuid }) => uuid === slice.uuid);
      if (!inventory.current.ready || seen === undefined || ownSliceOf(seen, [own]) === undefined) return;
      if (!this.#options.knowsHolders() || !lock.held()) return;
      if (host.view().leases.some(({ deviceUuid }) => deviceUuid === slice.uuid)) return;
      await provider.cutter?.destroy(own.cardUuid, own.gpuInstance);
      // The first answer may be to a question from before; only then nobody can be given what is gone.
      await inventory.refresh();
      await inventory.refresh();
      await this.#own.remove(own);
      const message = `took idle ${describeSlice(own)} (${slice.slot}) away: ${cause}`;
      events.record({ type: "Normal", reason: "SliceRemoved", message, about: aboutGpu(slice) });
    } finally {
      this.#closing = null;
      inventory.judgeAgain();
    }
  }
}

function aboutGpu({
  slot,
  uuid,
}: {
  readonly slot: string;
  readonly uuid: string;
}): Parameters<EventSink["record"]>[0]["about"] {
  return { apiVersion: "ds01.io/v1alpha1", kind: "Gpu", name: slot, uid: uuid };
}
