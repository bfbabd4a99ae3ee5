import { messageOf } from "../util/errors.ts";
import { mayReach } from "./container-of.ts";
import type { PodSubresource } from "./container-of.ts";
import { parameter } from "./exchange.ts";
import type { RequestContext } from "./exchange.ts";
import type { Services } from "./services.ts";

/** Time between two looks at whether somebody may still have a stream. */
const everyMs = 60_000;
/** A name service that is away for a moment knows nobody; that ends nobody's shell. */
const refusalsToEnd = 2;

/**
 * Calls `end` when the caller may no longer reach the container, until the returned function is called. The end of the
 * token is none of this, as in Kubernetes: it says how long one may begin, and a shell that ends after a quarter of an
 * hour is of no use.
 */
export function endWithAccess(
  { clock, log, callerByUid }: Pick<Services, "clock" | "log" | "callerByUid">,
  context: RequestContext,
  subresource: PodSubresource,
  end: () => void,
): () => void {
  const namespace = parameter(context, "namespace");
  const { uid, user } = context.caller;
  let refusals = 0;
  let isOver = false;
  let cancel = (): void => undefined;
  const look = async (): Promise<void> => {
    try {
      const caller = await callerByUid(uid);
      refusals = mayReach(caller, subresource, namespace) ? 0 : refusals + 1;
    } catch (error) {
      // Nothing is known: what is open goes on.
      log.debug({ user, reason: messageOf(error) }, "who has a stream could not be looked up");
    }
    if (isOver) return;
    if (refusals < refusalsToEnd) next();
    else {
      log.info({ user, namespace, name: parameter(context, "name") }, `${subresource} ended with its access`);
      end();
    }
  };
  const next = (): void => {
    cancel = clock.callAt(clock.now() + everyMs, () => void look());
  };
  next();
  return () => {
    isOver = true;
    cancel();
  };
}
