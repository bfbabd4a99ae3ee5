import { messageOf } from "../util/errors.ts";
import { mayReach } from "./container-of.ts";
import type { PodSubresource } from "./container-of.ts";
import type { Caller } from "./access.ts";
import { isNamed } from "./caller.ts";
import { parameter } from "./exchange.ts";
import type { RequestContext } from "./exchange.ts";
import type { Services } from "./services.ts";

/** Time between two looks at whether somebody may still have a stream. */
const everyMs = 60_000;
/** Where the name service has said that somebody may not: rights are given in two steps at times. */
const answersToEnd = 2;
/** Half an hour: a name service that is away answers like one that does not know an account or a group. */
const refusalsToEnd = 30;

/** What somebody has open, and what has to hold for it to stay so. */
export interface HeldAccess {
  /** As they were when it began. */
  readonly caller: Caller;
  /** Whether they may have it as they are now. */
  isKept(now: Caller): boolean;
  /** For the log: what it is, such as `exec`, and about what. */
  readonly what: string;
  readonly about: Readonly<Record<string, string | undefined>>;
}

type NeededServices = Pick<Services, "clock" | "log" | "callerByUid" | "knowsGroup">;

/**
 * Calls `end` when the caller may no longer reach the container, until the returned function is called. The end of the
 * token is none of this, as in Kubernetes: it says how long one may begin, and a shell that ends after a quarter of an
 * hour is of no use.
 */
export function endWithAccess(
  services: NeededServices,
  context: RequestContext,
  subresource: PodSubresource,
  end: () => void,
): () => void {
  const namespace = parameter(context, "namespace");
  const held: HeldAccess = {
    caller: context.caller,
    isKept: (now) => mayReach(now, subresource, namespace),
    what: subresource,
    about: { namespace, name: parameter(context, "name") },
  };
  return endWhenLost(services, held, end);
}

/** Calls `end` when the caller has lost what is held, which is looked at once a minute, until the returned function is called. */
export function endWhenLost(
  { clock, log, callerByUid, knowsGroup }: NeededServices,
  held: HeldAccess,
  end: () => void,
): () => void {
  const { uid, user } = held.caller;
  let refusals = 0;
  let answers = 0;
  let isOver = false;
  let cancel = (): void => undefined;
  const look = async (): Promise<void> => {
    try {
      const caller = await callerByUid(uid);
      if (held.isKept(caller)) {
        refusals = 0;
        answers = 0;
      } else {
        answers = (await isAnswered(held.caller, caller, knowsGroup)) ? answers + 1 : 0;
        refusals += 1;
      }
    } catch (error) {
      // Nothing is known: what is open goes on.
      refusals = 0;
      answers = 0;
      log.debug({ user, reason: messageOf(error) }, "who has a stream could not be looked up");
    }
    if (isOver) return;
    if (refusals < refusalsToEnd && answers < answersToEnd) next();
    else {
      log.info({ user, ...held.about }, `${held.what} ended with its access`);
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

/** Whether the name service knows all that it is asked about, and not merely nothing of it as when it is away. */
async function isAnswered(
  before: Caller,
  caller: Caller,
  knowsGroup: Services["knowsGroup"],
): Promise<boolean> {
  if (!isNamed(caller)) return false;
  if (caller.user !== before.user) return true;
  const lost = before.groups.filter((group) => !caller.groups.includes(group));
  return (await Promise.all(lost.map(knowsGroup))).every(Boolean);
}
