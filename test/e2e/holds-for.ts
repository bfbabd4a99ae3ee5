import { setTimeout as sleep } from "node:timers/promises";

/** Makes sure that something stays so: calls `check`, which throws when it is not so, again and again for that long. */
export async function holdsFor(durationMs: number, check: () => Promise<void>): Promise<void> {
  const end = performance.now() + durationMs;
  for (;;) {
    await check();
    const left = end - performance.now();
    if (left <= 0) return;
    await sleep(Math.min(100, left));
  }
}
