import { activityProbe } from "../docker/activity-probe.ts";
import { aggregateCgroups } from "./aggregate-cgroups.ts";
import { secretFiles } from "./secret-files.ts";
import type { ActivityProbe } from "../../ports/activity-probe.ts";
import type { AggregateCgroups } from "../../ports/aggregate-cgroups.ts";
import type { SecretFiles } from "../../ports/secret-files.ts";

/** What ds01 can do only on the machine of the engine. */
export interface LocalEnginePorts {
  readonly aggregateCgroups: AggregateCgroups;
  readonly activity: ActivityProbe;
  readonly secretFiles: SecretFiles;
}

/** `secretsRoot`: absent where the engine runs on another machine, and then there is none of it. */
export function localEnginePorts(secretsRoot: string | undefined): LocalEnginePorts | Record<never, never> {
  if (secretsRoot === undefined) return {};
  return {
    aggregateCgroups: aggregateCgroups(),
    activity: activityProbe(),
    secretFiles: secretFiles({ root: secretsRoot }),
  };
}
