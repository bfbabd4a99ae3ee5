import { formatTime } from "../format-time.ts";
import { rankOf, signalText, type HealthSignal, type Severity } from "./signals.ts";

/** How far a device is to be trusted; only Healthy ones are handed out. */
export type HealthState = "Healthy" | "Suspect" | "Unhealthy" | "Recovering" | "Lost" | "Quarantined";

/** What ds01 remembers of the health of one device. Times are milliseconds since the epoch. */
export interface DeviceHealth {
  readonly state: HealthState;
  readonly since: number;
  /** What speaks against it, the worst and newest first. */
  readonly signals: readonly HealthSignal[];
  /** The last error that is told once and not shown for as long as it lasts; null when there was none. */
  readonly lastErrorAt: number | null;
  /** When it is judged again; null while nothing is to be tested. */
  readonly retestAt: number | null;
  /** Tests in a row that it has not passed. */
  readonly failedTests: number;
  /** When it failed, lately; too often and it is kept back until an admin says otherwise. */
  readonly failures: readonly number[];
  /** Uncorrected memory errors that were taken in. */
  readonly uncorrectedErrors: number;
}

/** One look at a device. */
export interface HealthLook {
  /** What stands against it now. */
  readonly standing: readonly HealthSignal[];
  /** Errors since the last look. */
  readonly errors: readonly HealthSignal[];
  /** False while memory is in use by nobody known. */
  readonly clean: boolean;
}

export interface HealthRules {
  /** Time to the first test; it doubles up to `retestMaximumMs` with each that is not passed. */
  readonly retestMs: number;
  readonly retestMaximumMs: number;
  /** So long there must have been no error before a device is trusted again. */
  readonly quietMs: number;
  readonly quarantineAfterFailures: number;
  readonly failureWindowMs: number;
}

const keptSignals = 6;

/** A device that nothing speaks against. */
export function healthy(now: number): DeviceHealth {
  return {
    state: "Healthy",
    since: now,
    signals: [],
    lastErrorAt: null,
    retestAt: null,
    failedTests: 0,
    failures: [],
    uncorrectedErrors: 0,
  };
}

/**
 * The health after a look. Signals make it worse at once; better only by tests, one at a time: first the signals
 * must be gone (Recovering), then there must have been no error for the quiet time (Healthy).
 */
export function advanceHealth(
  before: DeviceHealth,
  look: HealthLook,
  { now, rules }: { readonly now: number; readonly rules: HealthRules },
): DeviceHealth {
  const errorsAt = look.errors.map(({ at }) => at);
  const heard: DeviceHealth = {
    ...before,
    signals: mergedSignals(before, look),
    lastErrorAt: errorsAt.length === 0 ? before.lastErrorAt : Math.max(before.lastErrorAt ?? 0, ...errorsAt),
  };
  if (before.state === "Quarantined") return heard;
  const worst = worstOf([...look.standing, ...look.errors]);
  if (worst !== undefined && rankOf(worst) > rankOfState(before.state)) {
    return fallenIll(heard, worst, { now, rules });
  }
  if (before.retestAt === null || now < before.retestAt) return heard;
  const passes = worstOf(look.standing) === undefined && look.clean;
  return passes ? passedTest(heard, { now, rules }) : failedTest(heard, { now, rules });
}

type Moment = Parameters<typeof advanceHealth>[2];

function fallenIll(health: DeviceHealth, severity: Severity, { now, rules }: Moment): DeviceHealth {
  const recent = health.failures.filter((at) => now - at < rules.failureWindowMs);
  // Getting worse while it is ill is the same failure.
  const isNew = severity !== "suspect" && health.state !== "Unhealthy";
  const failures = isNew ? [...recent, now] : recent;
  const common = { ...health, since: now, failures, failedTests: 0 };
  if (failures.length >= rules.quarantineAfterFailures) {
    return { ...common, state: "Quarantined", retestAt: null };
  }
  return { ...common, state: stateFor[severity], retestAt: now + rules.retestMs };
}

function failedTest(health: DeviceHealth, { now, rules }: Moment): DeviceHealth {
  const failedTests = health.failedTests + 1;
  const waitMs = Math.min(rules.retestMs * 2 ** Math.min(failedTests, 30), rules.retestMaximumMs);
  return { ...health, failedTests, retestAt: now + waitMs };
}

function passedTest(health: DeviceHealth, { now, rules }: Moment): DeviceHealth {
  const quietAt = health.lastErrorAt === null ? now : health.lastErrorAt + rules.quietMs;
  if (health.state === "Unhealthy" || health.state === "Lost") {
    const retestAt = Math.max(now + rules.retestMs, quietAt);
    return { ...health, state: "Recovering", since: now, failedTests: 0, retestAt };
  }
  if (quietAt > now) return { ...health, retestAt: quietAt };
  return { ...health, state: "Healthy", since: now, signals: [], retestAt: null, failedTests: 0 };
}

const stateFor: Readonly<Record<Severity, HealthState>> = {
  suspect: "Suspect",
  unhealthy: "Unhealthy",
  lost: "Lost",
};

function rankOfState(state: HealthState): number {
  const severity = (Object.keys(stateFor) as Severity[]).find((one) => stateFor[one] === state);
  return rankOf(severity);
}

function worstOf(signals: readonly HealthSignal[]): Severity | undefined {
  return signals.toSorted((a, b) => rankOf(b.severity) - rankOf(a.severity))[0]?.severity;
}

/** A signal that stands keeps its words and the time when it was seen first; an error that came again is new. */
function mergedSignals({ signals }: DeviceHealth, { standing, errors }: HealthLook): readonly HealthSignal[] {
  const merged = new Map(signals.map((signal) => [signal.key, signal]));
  for (const signal of standing) if (!merged.has(signal.key)) merged.set(signal.key, signal);
  for (const signal of errors) merged.set(signal.key, signal);
  return [...merged.values()]
    .toSorted((a, b) => rankOf(b.severity) - rankOf(a.severity) || b.at - a.at)
    .slice(0, keptSignals);
}

/** Why a device is not handed out, with its signal: `XID 79 (GPU has fallen off the bus) at ...`; null when it may be. */
export function healthReason({ state, signals, retestAt, failures }: DeviceHealth): string | null {
  if (state === "Healthy") return null;
  const [worst] = signals;
  const signal = worst === undefined ? "for a reason not known" : signalText(worst);
  const next = retestAt === null ? "" : `, next test ${formatTime(retestAt)}`;
  if (state === "Recovering") return `recovering from: ${signal}${next}`;
  if (state === "Quarantined") {
    return `quarantined, it failed ${failures.length} times, last: ${signal}; when it is mended: ds01 uncordon`;
  }
  return signal;
}

/** True when there is something to remember over a restart. */
export function isNotable({ state, failures, uncorrectedErrors }: DeviceHealth): boolean {
  return state !== "Healthy" || failures.length > 0 || uncorrectedErrors > 0;
}
