import type { ReservationStatus } from "../api/reservation.ts";
import { type ConditionInput, updateConditions } from "../core/conditions.ts";
import { formatTime } from "../core/format-time.ts";
import { fileConditions, shownSource } from "../core/file-status.ts";
import type { HostView } from "../core/host-view.ts";
import type { ReservationRecord } from "../core/record.ts";
import { devicesAtRisk, type DeviceAtRisk } from "../core/reservation/blocked-bookings.ts";
import { type BookedWindow, windowsOf } from "../core/reservation/windows.ts";
import { describeHolder } from "../core/schedule/describe-holder.ts";
import type { Clock } from "../ports/clock.ts";
import type { Store } from "../ports/store.ts";
import { canonicalJson } from "../util/hash.ts";

/** So many windows are told. */
const toldWindows = 3;

export interface ReservationDeskOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** A window begins or ends. */
  readonly onMoment: () => void;
}

/** Keeps the status of every ReservationSpec, and says when a window begins or ends. */
export class ReservationDesk {
  readonly #options: ReservationDeskOptions;
  #plannedAt: number | null = null;
  #cancel: () => void = () => undefined;

  constructor(options: ReservationDeskOptions) {
    this.#options = options;
  }

  update(view: HostView): void {
    const { store, clock } = this.#options;
    const now = clock.now();
    const moments: number[] = [];
    for (const record of store.list("ReservationSpec")) {
      const windows = record.spec === null ? [] : windowsOf(record.spec, now).windows;
      moments.push(...windows.flatMap(({ from, until }) => [from, until]).filter((at) => at > now));
      const status = statusOf(record, windows, view, now);
      if (canonicalJson(status) !== canonicalJson(record.status)) store.putSoon({ ...record, status });
    }
    this.#plan(moments.length === 0 ? null : Math.min(...moments));
  }

  #plan(at: number | null): void {
    if (at === this.#plannedAt) return;
    this.#cancel();
    this.#cancel = () => undefined;
    this.#plannedAt = at;
    if (at === null) return;
    this.#cancel = this.#options.clock.callAt(at, () => {
      this.#plannedAt = null;
      this.#options.onMoment();
    });
  }
}

function statusOf(
  record: ReservationRecord,
  windows: readonly BookedWindow[],
  view: HostView,
  now: number,
): ReservationStatus {
  const kept = view.kept.find(({ booking }) => booking.name === record.name);
  const book = { devices: view.devices, leases: view.leases, now };
  const atRisk = kept === undefined ? [] : devicesAtRisk(kept, book);
  const [window] = windows.map(shownWindow);
  const missing = kept?.missing ?? null;
  return {
    observedGeneration: record.generation,
    state: windows[0] === undefined ? "Over" : windows[0].from <= now ? "Open" : "Coming",
    ...(window === undefined ? {} : { window }),
    windows: windows.slice(0, toldWindows).map(shownWindow),
    devices: (kept?.devices ?? []).map(({ uuid, slot }) => ({ uuid, slot })),
    ...(missing === null ? {} : { missing }),
    atRisk: atRisk.map(({ device, lease, until }) => ({
      slot: device.slot,
      holder: describeHolder(lease.holder),
      until: Number.isFinite(until) ? formatTime(until) : null,
    })),
    conditions: updateConditions(record.status.conditions, conditionsOf(record, missing, atRisk), {
      generation: record.generation,
      now,
    }),
    source: shownSource(record),
  };
}

function conditionsOf(
  record: ReservationRecord,
  missing: string | null,
  atRisk: readonly DeviceAtRisk[],
): readonly ConditionInput[] {
  const { accepted, blocked } = fileConditions(record);
  return [accepted, keptCondition(missing, atRisk), ...blocked];
}

function keptCondition(missing: string | null, atRisk: readonly DeviceAtRisk[]): ConditionInput {
  const type = "DevicesKept";
  if (missing !== null) return { type, status: false, reason: "DevicesMissing", message: missing };
  if (atRisk.length === 0) {
    return { type, status: true, reason: "Kept", message: "what it asks for is free when the window begins" };
  }
  const holders = atRisk.map(({ device, lease, until }) => {
    const end = Number.isFinite(until) ? `until ${formatTime(until)}` : "with no end in sight";
    return `GPU ${device.slot} is held by ${describeHolder(lease.holder)} ${end}`;
  });
  return { type, status: false, reason: "DevicesAtRisk", message: holders.join("; ") };
}

function shownWindow({ from, until }: BookedWindow): NonNullable<ReservationStatus["window"]> {
  return { from: formatTime(from), until: formatTime(until) };
}
