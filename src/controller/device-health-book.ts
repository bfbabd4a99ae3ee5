import type { HealthState } from "../core/health/device-health.ts";
import { healthy, isNotable } from "../core/health/device-health.ts";
import {
  hearError,
  lookAtDevices,
  type HealthSettings,
  type KnownDevice,
} from "../core/health/known-device.ts";
import { signalText, xidSignal, xidText } from "../core/health/signals.ts";
import { xidByCode } from "../core/health/xid-catalog.ts";
import { normalBusId, parseXidLine } from "../core/health/xid-line.ts";
import type { DeviceReport } from "../core/health/device-report.ts";
import type { Inventory } from "../core/schedule/device.ts";
import { formatTime } from "../core/format-time.ts";
import type { Clock } from "../ports/clock.ts";
import type { Happening } from "../ports/event-sink.ts";
import type { KernelLine } from "../ports/kernel-log.ts";

export interface DeviceHealthBookOptions {
  readonly clock: Clock;
  readonly settings: HealthSettings;
  /** Devices with a history, as remembered. */
  readonly remembered: readonly KnownDevice[];
  /** Something happened to a GPU; `concerns` those who hold it as well. */
  readonly onHappening: (
    device: KnownDevice["device"],
    happening: GpuHappening,
    concernsHolders: boolean,
  ) => void;
  /** A device is due for a test: the driver has to be asked. */
  readonly onTestDue: () => void;
}

export type GpuHappening = Pick<Happening, "type" | "reason" | "message">;

/** The health of every whole GPU: takes in looks and errors, tells what becomes of them. */
export class DeviceHealthBook {
  readonly #options: DeviceHealthBookOptions;
  #known: ReadonlyMap<string, KnownDevice>;
  /** The last complete look. */
  #seen: Inventory | null = null;
  #cancelTest: () => void = () => undefined;

  constructor(options: DeviceHealthBookOptions) {
    this.#options = options;
    this.#known = new Map(options.remembered.map((one) => [one.device.uuid, one]));
  }

  get known(): ReadonlyMap<string, KnownDevice> {
    return this.#known;
  }

  /** What is worth keeping over a restart. */
  notes(): readonly KnownDevice[] {
    return [...this.#known.values()].filter(({ health }) => isNotable(health));
  }

  /** True once the driver has said anything about the health of a GPU. */
  get hasReports(): boolean {
    return this.#reports.size > 0;
  }

  get #reports(): ReadonlyMap<string, DeviceReport> {
    return this.#seen?.reports ?? noReports;
  }

  /** Takes in what the driver says; an inventory that is not complete says nothing. */
  look(inventory: Inventory): void {
    const { clock, settings } = this.#options;
    if (inventory.ready && inventory.reports !== undefined) this.#seen = inventory;
    this.#become(lookAtDevices(this.#known, inventory, { now: clock.now(), settings }));
  }

  /**
   * Takes in lines of the kernel log; the same error several times at once counts once. True when the driver should be
   * asked about it: errors of programs, which may come in a loop, say nothing about a GPU.
   */
  hear(lines: readonly KernelLine[]): boolean {
    const heard = new Map<string, { readonly uuid: string; readonly code: number; readonly at: number }>();
    for (const { text, at } of lines) {
      const xid = parseXidLine(text);
      const uuid = xid === undefined ? undefined : this.#uuidAt(xid.busId);
      if (xid !== undefined && uuid !== undefined)
        heard.set(`${uuid} ${xid.code}`, { uuid, code: xid.code, at });
    }
    for (const one of heard.values()) this.#hearXid(one);
    return [...heard.values()].some(({ code }) => isWorthALook(code));
  }

  /** What is held against a device is forgotten; false when there was nothing. What its driver says still counts. */
  forgive(uuid: string): boolean {
    const found = this.#known.get(uuid);
    if (found === undefined) return false;
    const { device, health } = found;
    // Failures of a GPU that is well again would count towards keeping it back.
    if (health.state === "Healthy" && health.failures.length === 0) return false;
    const known = new Map(this.#known);
    // Errors that were counted are no new ones.
    const { uncorrectedErrors } = health;
    if (health.signals.some(({ key }) => key === "missing")) known.delete(uuid);
    else known.set(uuid, { device, health: { ...healthy(this.#options.clock.now()), uncorrectedErrors } });
    this.#known = known;
    if (this.#seen !== null) this.look(this.#seen);
    return true;
  }

  #uuidAt(busId: string): string | undefined {
    return [...this.#reports].find(([, report]) => normalBusId(report.busId ?? "") === busId)?.[0];
  }

  #hearXid({ uuid, code, at }: { readonly uuid: string; readonly code: number; readonly at: number }): void {
    const { clock, settings, onHappening } = this.#options;
    const known = this.#known.get(uuid);
    if (known === undefined) return;
    const signal = xidSignal(code, at);
    if (signal === undefined) {
      onHappening(known.device, xidHappening(code), xidByCode(code).effect === "application");
      return;
    }
    const after = hearError(known, signal, this.#reports.get(uuid), { now: clock.now(), settings });
    this.#become(new Map([...this.#known, [uuid, after]]));
  }

  #become(after: ReadonlyMap<string, KnownDevice>): void {
    const before = this.#known;
    this.#known = after;
    for (const [uuid, { device, health }] of after) {
      const was = before.get(uuid)?.health.state ?? "Healthy";
      if (was === health.state) continue;
      this.#options.onHappening(device, happeningOf(health), holderConcerns.has(health.state));
    }
    this.#planTest();
  }

  #planTest(): void {
    this.#cancelTest();
    const times = [...this.#known.values()].flatMap(({ health }) => health.retestAt ?? []);
    if (times.length === 0) return;
    const { clock, onTestDue } = this.#options;
    this.#cancelTest = clock.callAt(
      Math.max(Math.min(...times), clock.now() + shortestTestPauseMs),
      onTestDue,
    );
  }
}

/** Also those that are harmless by themselves and tell that nvidia-smi says something else now. */
function isWorthALook(code: number): boolean {
  return xidSignal(code, 0) !== undefined || tellingXids.has(code);
}

/** A row is to be remapped; the recovery action has changed. */
const tellingXids: ReadonlySet<number> = new Set([63, 154]);

const noReports: ReadonlyMap<string, DeviceReport> = new Map();

/** While the driver does not answer, tests stay due. */
const shortestTestPauseMs = 1000;

const holderConcerns: ReadonlySet<HealthState> = new Set(["Unhealthy", "Lost", "Quarantined"]);

const reasons: Readonly<Record<HealthState, string>> = {
  Healthy: "GpuHealthy",
  Suspect: "GpuSuspect",
  Unhealthy: "GpuUnhealthy",
  Recovering: "GpuRecovering",
  Lost: "GpuLost",
  Quarantined: "GpuQuarantined",
};

function happeningOf({ state, signals, retestAt, failures }: KnownDevice["health"]): GpuHappening {
  const [worst] = signals;
  const signal = worst === undefined ? "for a reason not known" : signalText(worst);
  const test = retestAt === null ? "" : `; next test ${formatTime(retestAt)}`;
  const reason = reasons[state];
  switch (state) {
    case "Healthy":
      return { type: "Normal", reason, message: "passed its tests: it may be handed out again" };
    case "Recovering":
      return { type: "Normal", reason, message: `nothing stands against it any more (${signal})${test}` };
    case "Quarantined":
      return {
        type: "Warning",
        reason,
        message: `${signal}; it failed ${failures.length} times: given to nobody until ds01 uncordon`,
      };
    case "Suspect":
    case "Unhealthy":
    case "Lost":
      return { type: "Warning", reason, message: `${signal}; given to nobody${test}` };
  }
}

function xidHappening(code: number): GpuHappening {
  const isProgram = xidByCode(code).effect === "application";
  return {
    type: isProgram ? "Warning" : "Normal",
    reason: "XidReported",
    message: isProgram
      ? `${xidText(code)}: an error of the program that uses it, the GPU stays in use`
      : `${xidText(code)}: nothing to do`,
  };
}
