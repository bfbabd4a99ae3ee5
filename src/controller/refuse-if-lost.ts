import type { InstanceLock } from "../ports/lock.ts";
import { StalledError } from "../util/errors.ts";

/** Asked before each side effect: throws StalledError LockLost once another controller acts on the state directory (I12). */
export function refuseIfLost(lock: Pick<InstanceLock, "held">): void {
  if (lock.held()) return;
  throw new StalledError({
    reason: "LockLost",
    message: "another controller has taken over the state directory; nothing is done any more",
  });
}
