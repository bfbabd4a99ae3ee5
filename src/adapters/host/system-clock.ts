import type { Clock } from "../../ports/clock.ts";
import { bootReading } from "./boot-reading.ts";

/** Longest single wait: short enough to notice that the wall clock was set, far below setTimeout's 2^31 ms. */
const longestWaitMs = 60_000;

/**
 * The machine's wall clock; its timers never keep the process alive. A clock that is set back makes nobody wait for
 * longer than it was when the timer was set: whoever is called too early looks and waits again.
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  reading: bootReading(),
  callAt(at, callback) {
    let timer: NodeJS.Timeout;
    const latest = performance.now() + Math.max(0, at - Date.now());
    const arm = (): void => {
      const waitMs = Math.min(
        Math.max(0, Math.min(at - Date.now(), latest - performance.now())),
        longestWaitMs,
      );
      timer = setTimeout(() => {
        if (Date.now() >= at || performance.now() >= latest) callback();
        else arm();
      }, Math.ceil(waitMs));
      timer.unref();
    };
    arm();
    return () => clearTimeout(timer);
  },
};
