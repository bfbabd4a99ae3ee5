import { formatTime } from "../format-time.ts";
import type { DeviceReport } from "./device-report.ts";
import { xidByCode } from "./xid-catalog.ts";

/** How much a signal says against a device. */
export type Severity = "suspect" | "unhealthy" | "lost";

/** Something that speaks against a device. */
export interface HealthSignal {
  /** What it is, stable over looks: `xid:79`, `remapping-failed`. */
  readonly key: string;
  readonly severity: Severity;
  readonly text: string;
  /** When it was seen first (milliseconds since the epoch). */
  readonly at: number;
}

const ranks: Readonly<Record<Severity, number>> = { suspect: 1, unhealthy: 2, lost: 3 };

/** 0 for nothing; the greater, the worse. */
export function rankOf(severity: Severity | undefined): number {
  return severity === undefined ? 0 : ranks[severity];
}

/** `XID 79 (GPU has fallen off the bus) at 2026-01-05T14:02:00Z`. */
export function signalText({ text, at }: HealthSignal): string {
  return `${text} at ${formatTime(at)}`;
}

/** What stands against a device as long as its driver says so. */
export function standingSignals(
  report: DeviceReport,
  temperatureLimitCelsius: number,
  now: number,
): readonly HealthSignal[] {
  const found: HealthSignal[] = [];
  const add = (key: string, severity: Severity, text: string): void => {
    found.push({ key, severity, text, at: now });
  };
  if (report.lost !== null) add("lost", "lost", report.lost);
  if (report.recoveryAction !== null) {
    add(`action:${report.recoveryAction}`, "unhealthy", `the driver asks for: ${report.recoveryAction}`);
  }
  if (report.remappingFailed) {
    add("remapping-failed", "unhealthy", "row remapping failed: the memory is worn out");
  }
  if (report.remappingPending) {
    add("remapping-pending", "suspect", "row remapping pending: the GPU needs a reset");
  }
  const celsius = report.temperatureCelsius;
  if (celsius !== null && celsius >= temperatureLimitCelsius) {
    add("temperature", "suspect", `${celsius} °C, limit ${temperatureLimitCelsius} °C`);
  }
  return found;
}

/** That a GPU is in no complete list any more. */
export function missingSignal(now: number): HealthSignal {
  return { key: "missing", severity: "lost", text: "not listed by the driver any more", at: now };
}

/** More uncorrected memory errors than were known. */
export function memoryErrorSignal(count: number, now: number): HealthSignal {
  const plural = count === 1 ? "" : "s";
  return {
    key: "ecc",
    severity: "unhealthy",
    text: `${count} uncorrected memory error${plural} (ECC)`,
    at: now,
  };
}

/** An XID as a signal; undefined for one that says nothing against the GPU. */
export function xidSignal(code: number, at: number): HealthSignal | undefined {
  const { effect } = xidByCode(code);
  if (effect === "none" || effect === "application") return undefined;
  return { key: `xid:${code}`, severity: effect, text: xidText(code), at };
}

/** `XID 79 (GPU has fallen off the bus)`. */
export function xidText(code: number): string {
  return `XID ${code} (${xidByCode(code).name})`;
}
