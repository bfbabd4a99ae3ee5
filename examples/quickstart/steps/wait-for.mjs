import { setTimeout as sleep } from "node:timers/promises";
import { QuickstartError } from "./run-state.mjs";

/** Asks until the answer is truthy, and returns it; throws when `timeoutMs` is over or the signal aborts. */
export async function waitFor(what, condition, { timeoutMs = 30_000, intervalMs = 50, signal } = {}) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const answer = await condition();
    if (answer) return answer;
    if (Date.now() > deadline) throw new QuickstartError(`waited ${timeoutMs / 1000} s in vain for ${what}`);
    await sleep(intervalMs);
  }
}
