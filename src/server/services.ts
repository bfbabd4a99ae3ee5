import type { Clock } from "../ports/clock.ts";
import type { ContainerAccess } from "../ports/container-access.ts";
import type { ControlPlane } from "../ports/control-plane.ts";
import type { Log } from "../ports/log.ts";
import type { SpecWriter } from "../ports/spec-writer.ts";
import type { Caller } from "./access.ts";
import type { ServedResources } from "./served-resource.ts";

/** What the routes work with. */
export interface Services {
  readonly control: ControlPlane;
  readonly writer: SpecWriter;
  readonly containers: ContainerAccess;
  readonly clock: Clock;
  readonly log: Log;
  readonly resources: ServedResources;
  /** What a user may by now. */
  readonly callerByUid: (uid: number) => Promise<Caller>;
  /** Whether the name service knows a group of that name. */
  readonly knowsGroup: (group: string) => Promise<boolean>;
  /** Has the controller look at everything now; calls at the same time share a pass. */
  readonly resync: () => Promise<void>;
  /** Version of ds01 for /version, such as `0.1.0`. */
  readonly version: string;
  /** How long a write waits until the controller has taken it up. */
  readonly writeDeadlineMs: number;
  /** Time between the bookmarks of a quiet watch. */
  readonly bookmarkIntervalMs: number;
}
