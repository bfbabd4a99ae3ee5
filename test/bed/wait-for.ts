import { setTimeout as sleep } from "node:timers/promises";

/**
 * How long to wait for a condition unless told. It costs nothing where the condition comes, and a machine that is
 * several times slower than that of the author must not fail for that.
 */
export const usualPatienceMs = 90_000;

/** How long to wait for a condition and how often to look. */
export interface WaitForOptions {
  readonly timeoutMs?: number;
  readonly intervalMs?: number;
}

/** Calls `probe` until it answers something truthy and returns that; throws with the last value or error at the deadline. */
export async function waitFor<Value>(
  description: string,
  probe: () => Value | Promise<Value>,
  options: WaitForOptions = {},
): Promise<Exclude<Awaited<Value>, false | null | undefined | 0 | "">> {
  const { timeoutMs = usualPatienceMs, intervalMs = 20 } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let lastValue: unknown;
    let lastError: unknown;
    try {
      const value = await probe();
      if (value) return value as Exclude<Awaited<Value>, false | null | undefined | 0 | "">;
      lastValue = value;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() >= deadline) {
      const last =
        lastError === undefined ? `last value: ${show(lastValue)}` : `last error: ${show(lastError)}`;
      throw new Error(`waited ${timeoutMs} ms for ${description}; ${last}`, { cause: lastError });
    }
    await sleep(intervalMs);
  }
}

function show(value: unknown): string {
  if (value instanceof Error) return value.message;
  if (typeof value === "string") return value;
  return JSON.stringify(value) ?? String(value);
}
