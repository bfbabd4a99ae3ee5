import type { ResourceType } from "./resource-type.ts";
import { messageOf } from "../util/errors.ts";
import type { ServedResource } from "./served-resource.ts";
import type { Services } from "./services.ts";

/** Time between two looks at what somebody watches. */
const everyMs = 5000;

/** Looks again and again at what is looked at only when somebody asks, until the returned function is called. */
export function keepFresh(
  { clock, log }: Pick<Services, "clock" | "log">,
  { refresh, type }: ServedResource<ResourceType>,
): () => void {
  if (refresh === undefined) return () => undefined;
  let cancel = (): void => undefined;
  let isOver = false;
  const look = async (): Promise<void> => {
    try {
      await refresh();
    } catch (error) {
      // Whoever watches sees nothing new until the engine answers again.
      log.debug({ kind: type.kind, reason: messageOf(error) }, "what is watched could not be looked at");
    }
    if (!isOver) next();
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
