import type { InvolvedObject } from "../api/event.ts";
import { apiVersion } from "../api/names.ts";
import {
  cordonText,
  unknownAmong,
  withCordons,
  withUnknownCordons,
  type Cordon,
} from "../core/health/cordon.ts";
import { noNotes, type DeviceNotes } from "../core/health/device-notes.ts";
import { withEvacuation } from "../core/health/relocation.ts";
import { withHealth, type HealthSettings } from "../core/health/known-device.ts";
import type { Device, Inventory } from "../core/schedule/device.ts";
import type { Clock } from "../ports/clock.ts";
import type { SchedulingChange } from "../ports/control-plane.ts";
import type { DeviceNotebook } from "../ports/device-notebook.ts";
import type { EventSink } from "../ports/event-sink.ts";
import type { KernelLine, KernelLog, KernelLogState } from "../ports/kernel-log.ts";
import type { Log } from "../ports/log.ts";
import { sameValue } from "../util/same-value.ts";
import { DeviceHealthBook, type GpuHappening } from "./device-health-book.ts";
import { Paced } from "./paced.ts";
import { Turns } from "../util/turns.ts";

export interface DeviceBookOptions {
  readonly notebook: DeviceNotebook;
  readonly events: EventSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly health: HealthSettings;
  /** Objects that hold the device or a slice of it now. */
  readonly holders: (uuid: string) => readonly InvolvedObject[];
  /** What is held against a device has changed. */
  readonly onChange: () => void;
  /** A device is due for a test: the driver has to be asked. */
  readonly onTestDue: () => void;
}

/** A GPU that fails tells so in many lines: the driver is asked at most this often because of them. */
const lookEveryMs = 10_000;
/** What is only newer is written down at most this often; lost, it is read from the kernel log again. */
const writeEveryMs = 30_000;

type NamedDevice = Pick<Device, "uuid" | "slot">;

/** What is held against devices, durably: an admin's word and their health; adds it to what the provider says. */
export class DeviceBook {
  readonly #options: DeviceBookOptions;
  readonly #health: DeviceHealthBook;
  #notes: DeviceNotes;
  /** Changes follow one another: each is made to what the last one left. */
  readonly #changing = new Turns(1);
  #startFollowing: (() => void) | null = null;
  #kernelLog: KernelLogState | null = null;
  readonly #looks: Paced;
  readonly #writes: Paced;

  constructor(options: DeviceBookOptions) {
    this.#options = options;
    this.#notes = options.notebook.read() ?? this.#standIn();
    this.#health = new DeviceHealthBook({
      clock: options.clock,
      settings: options.health,
      remembered: this.#notes.health,
      onHappening: (device, happening, concernsHolders) => this.#tell(device, happening, concernsHolders),
      onTestDue: options.onTestDue,
    });
    const { clock, onTestDue } = options;
    this.#looks = new Paced({ clock, everyMs: lookEveryMs, run: onTestDue });
    this.#writes = new Paced({ clock, everyMs: writeEveryMs, run: () => this.#write() });
  }

  /** Whether the kernel log can be read; null while no GPU makes it worth reading. */
  get kernelLog(): KernelLogState | null {
    return this.#kernelLog;
  }

  /** What stands for notes that cannot be read: every device is given to nobody until an admin speaks of it. */
  #standIn(): DeviceNotes {
    const message =
      "which GPUs are cordoned cannot be read; none is newly given to anybody until ds01 uncordon, or cordon, of it";
    this.#options.log.error({ reason: "DevicesUnreadable" }, message);
    return { ...noNotes, unreadable: { at: this.#options.clock.now(), except: [] } };
  }

  /** Slots of the GPUs of which it is not known whether they are cordoned. */
  unknownOf({ devices }: Inventory): readonly string[] {
    const gpus = devices.filter(({ parentUuid }) => parentUuid === null);
    return unknownAmong(gpus, this.#notes.unreadable).map(({ slot }) => slot);
  }

  /** Takes in what the provider has just said. */
  look(inventory: Inventory): void {
    this.#health.look(inventory);
    this.#keep();
    if (this.#health.hasReports) this.#startFollowing?.();
  }

  /** The inventory with what is held against each device. */
  judged(inventory: Inventory): Inventory {
    const known = withHealth(inventory.devices, this.#health.known);
    const { cordons, unreadable } = this.#notes;
    const devices = withEvacuation(known, this.#options.health.onUnhealthy);
    return { ...inventory, devices: withUnknownCordons(withCordons(devices, cordons), unreadable) };
  }

  /** Reads the kernel log from the moment on when there are GPUs that it could tell of. */
  follow(kernelLog: KernelLog, signal: AbortSignal): void {
    this.#startFollowing = () => {
      this.#startFollowing = null;
      const from = { cursor: this.#notes.kernelLogCursor, sinceMs: this.#options.health.quietMs };
      const onLines = (lines: readonly KernelLine[]): void => this.#hear(lines);
      kernelLog.follow(from, { onLines, onState: (state) => this.#noteKernelLog(state) }, signal);
    };
    if (this.#health.hasReports) this.#startFollowing();
  }

  #noteKernelLog(state: KernelLogState): void {
    this.#kernelLog = state;
    const fields = { reason: state.readable ? "KernelLogRead" : "KernelLogUnreadable" };
    const effect = state.readable ? "" : ": XID errors are not seen, nvidia-smi is asked all the same";
    this.#options.log.info(fields, `${state.message}${effect}`);
  }

  #hear(lines: readonly KernelLine[]): void {
    const isWorthALook = this.#health.hear(lines);
    const cursor = lines.at(-1)?.cursor ?? this.#notes.kernelLogCursor;
    this.#keep(cursor);
    if (!isWorthALook) return;
    this.#options.onChange();
    // What the driver says about it now.
    this.#looks.soon();
  }

  /** Has what is worth keeping written; what cannot be written is kept in memory and tried with the next change. */
  #keep(kernelLogCursor = this.#notes.kernelLogCursor): void {
    const notes = { ...this.#notes, health: this.#health.notes(), kernelLogCursor };
    if (sameValue(notes, this.#notes)) return;
    const isNews = !sameValue(withoutTimes(notes), withoutTimes(this.#notes));
    this.#notes = notes;
    if (isNews) this.#writes.now();
    else this.#writes.soon();
  }

  #write(): void {
    this.#options.notebook.write(this.#notes).catch((error: unknown) => {
      this.#options.log.warn(
        { reason: "StateNotWritable", err: error },
        "the health of GPUs could not be written down; it is forgotten if ds01 ends now",
      );
    });
  }

  /** Takes a device out of scheduling, or gives it back; resolves when that is durable. The same again changes nothing. */
  async setSchedulable(device: NamedDevice, change: SchedulingChange): Promise<void> {
    await this.#changing.take(async () => this.#change(device, change));
  }

  async #change(device: NamedDevice, change: SchedulingChange): Promise<void> {
    const { uuid } = device;
    const { cordons, unreadable } = this.#notes;
    const before = cordons.find((cordon) => cordon.uuid === uuid);
    const wanted = change.unschedulable ? this.#cordonOf(uuid, change, before) : undefined;
    const forgiven = !change.unschedulable && this.#health.forgive(uuid);
    const isUnknown = unreadable !== undefined && !unreadable.except.includes(uuid);
    if (sameValue(before, wanted) && !forgiven && !isUnknown) return;
    const others = cordons.filter((cordon) => cordon.uuid !== uuid);
    this.#notes = {
      ...this.#notes,
      cordons: wanted === undefined ? others : [...others, wanted],
      health: this.#health.notes(),
      ...(isUnknown ? { unreadable: { ...unreadable, except: [...unreadable.except, uuid] } } : {}),
    };
    try {
      await this.#options.notebook.write(this.#notes);
    } catch (error) {
      this.#notes = { ...this.#notes, cordons, unreadable };
      throw error;
    }
    this.#tell(device, schedulingHappening(wanted, change.by), false);
    this.#options.onChange();
  }

  /** A cordon that stands keeps who set it and when; only the reason may become another. */
  #cordonOf(uuid: string, { by, reason, drain }: SchedulingChange, before: Cordon | undefined): Cordon {
    const draining = drain === true ? ({ drain } as const) : {};
    if (before === undefined) return { uuid, by, at: this.#options.clock.now(), reason, ...draining };
    return { ...before, reason: reason ?? before.reason, ...draining };
  }

  #tell({ uuid, slot }: NamedDevice, happening: GpuHappening, concernsHolders: boolean): void {
    const { events, holders } = this.#options;
    events.record({ ...happening, about: { apiVersion, kind: "Gpu", name: slot, uid: uuid } });
    if (!concernsHolders) return;
    for (const about of holders(uuid)) {
      events.record({ ...happening, message: `GPU ${slot}: ${happening.message}`, about });
    }
  }
}

/** What would be missed after a crash: not how far the kernel log was read, nor when a known error came again. */
function withoutTimes({ cordons, unreadable, health }: DeviceNotes): unknown {
  const known = health.map(({ device, health: { signals, ...others } }) => ({
    device,
    ...others,
    lastErrorAt: null,
    signals: signals.map(({ key, severity }) => ({ key, severity })),
  }));
  return { cordons, unreadable, known };
}

function schedulingHappening(wanted: Cordon | undefined, by: string): GpuHappening {
  if (wanted === undefined) {
    return {
      type: "Normal",
      reason: "Uncordoned",
      message: `uncordoned by ${by}: it may be handed out again`,
    };
  }
  const rest = wanted.drain === true ? "moves to other GPUs as they are free" : "goes on";
  const message = `${cordonText(wanted)}; it is given to nobody, what runs on it ${rest}`;
  return { type: "Normal", reason: wanted.drain === true ? "Draining" : "Cordoned", message };
}
