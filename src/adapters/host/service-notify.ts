import { execFile } from "node:child_process";
import type { Log } from "../../ports/log.ts";
import { messageOf } from "../../util/errors.ts";

/** Tells systemd a state such as `READY=1` (sd_notify); does nothing when it does not wait for one. */
export async function notifyService(state: string, log: Log): Promise<void> {
  if (process.env["NOTIFY_SOCKET"] === undefined) return;
  await new Promise<void>((resolve) => {
    // Node has no datagram unix sockets; systemd-notify comes with systemd. The unit says NotifyAccess=all.
    execFile("systemd-notify", [state], { timeout: 5000 }, (error) => {
      if (error !== null)
        log.warn({ reason: "NotifyFailed", message: messageOf(error) }, "systemd was not told");
      resolve();
    });
  });
}
