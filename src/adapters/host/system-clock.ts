import type { Clock } from "../../ports/clock.ts";

/** Longest single wait: short enough to notice that the wall clock was set, far below setTimeout's 2^31 ms. */
const longestWaitMs = 60_000;

/** The machine's wall clock; its timers never keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  callAt(at, callback) {
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      const waitMs = Math.min(Math.max(0, at - Date.now()), longestWaitMs);
      timer = setTimeout(() => {
        if (Date.now() >= at) callback();
        else arm();
      }, Math.ceil(waitMs));
      timer.unref();
    };
    arm();
    return () => clearTimeout(timer);
  },
};
