import { labels } from "../../api/names.ts";
import { isAdopted } from "../adoption/adoption.ts";
import { renumbered } from "../adoption/named-devices.ts";
import { describeAccessLoss, type LostAccess } from "../gpu-access.ts";
import type { ObservedContainer } from "../observed.ts";
import type { DesiredContainer } from "../plan/desired-container.ts";
import { configurationDrift, renderDrift, type FieldDrift } from "../plan/drift.ts";
import { isLive, type Roles } from "../plan/roles.ts";
import { describeGone, type GoneDevice } from "../schedule/given-devices.ts";
import type { World } from "../world.ts";
import type { LimitsAction } from "./limits-action.ts";
import type { LifecycleMemory } from "./memory.ts";

/** Why the primary must be replaced; null when it need not be. */
export function outdatedCause(facts: {
  readonly world: World;
  readonly roles: Roles;
  readonly desired: DesiredContainer | null;
  readonly memory: LifecycleMemory;
  readonly hash: string;
  readonly action: LimitsAction | null;
  readonly devicesChanged: boolean;
  readonly gone: readonly GoneDevice[];
  readonly relocation: string | null;
}): string | null {
  const { roles, desired, memory, hash, action } = facts;
  const { primary } = roles;
  if (primary === null) return null;
  const written = primary.labels[labels.specHash] ?? "";
  const drift = desired === null ? [] : configurationDrift(desired, primary);
  if (written.startsWith("v1:") && written !== hash) {
    const fields = drift.map(({ field }) => field).join(", ");
    return fields === "" ? "configuration changed" : `configuration changed (${fields})`;
  }
  if (facts.gone.length > 0) return goneCause(primary, facts);
  if (facts.devicesChanged) return facts.relocation ?? "GPU request changed";
  const otherwise = isAdopted(primary)
    ? renumberedNow(primary, facts.world)
    : madeOtherwise(primary, memory, drift);
  if (otherwise !== null) return otherwise;
  return action?.type === "recreate" ? `limits ${action.cause}` : null;
}

function madeOtherwise(
  primary: ObservedContainer,
  memory: LifecycleMemory,
  drift: readonly FieldDrift[],
): string | null {
  if (primary.id === memory.containerId || drift.length === 0) return null;
  return `not as ds01 made it: ${renderDrift(drift)}`;
}

/** What was adopted was never made from a spec, and Docker lets nobody change it: only what its GPUs are called may. */
function renumberedNow(primary: ObservedContainer, { gpuStackReady, devices }: World): string | null {
  return gpuStackReady ? renumbered(primary, devices) : null;
}

/** Why a container without access to its GPUs is to be replaced now. */
export function accessCause(access: LostAccess | null, now: number): string | null {
  const isDue = access?.policy === "recreate" && access.dueAt !== null && access.dueAt <= now;
  return isDue ? describeAccessLoss(access.loss) : null;
}

/** What runs is left alone with what is left of its device, until its own end or another request. */
function goneCause(
  primary: ObservedContainer,
  {
    gone,
    devicesChanged: changed,
  }: { readonly gone: readonly GoneDevice[]; readonly devicesChanged: boolean },
): string | null {
  return isLive(primary) && !changed ? null : describeGone(gone);
}
