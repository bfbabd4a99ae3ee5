import type { AdoptionNote } from "../core/adoption/adoption-note.ts";
import { decide } from "../core/decide.ts";
import type { HostView } from "../core/host-view.ts";
import { situationOf, type Situation } from "../core/lifecycle/situation.ts";
import { updatableLimits } from "../core/lifecycle/limits-action.ts";
import type { ObservedContainer } from "../core/observed.ts";
import { containerName } from "../core/plan/container-name.ts";
import { limitDrift } from "../core/plan/drift.ts";
import { limitsOfNextStart } from "../core/plan/pending-limits.ts";
import { isLive } from "../core/plan/roles.ts";
import type { Sourced } from "../core/quota/limits.ts";
import { fitsWithin, formatGpuEquivalents } from "../core/quota/gpu-equivalents.ts";
import { describeHolder } from "../core/schedule/describe-holder.ts";
import type { World } from "../core/world.ts";
import { ConflictError } from "../util/errors.ts";

/** Why a container is left as nobody's. */
export interface Obstacle {
  readonly why: string;
  readonly remedy: string;
}

/** The error of a container that is not adopted. */
export function refused(
  { name }: Pick<ObservedContainer, "name">,
  why: string,
  remedy: string,
): ConflictError {
  const message = `the container ${name} is not adopted: ${why}`;
  return new ConflictError({ reason: "AdoptionRefused", message, remedy: `To do: ${remedy}` });
}

/** What would happen to the container, or to others, if it stood for the spec from now on; null: nothing at all. */
export function inTheWay(world: World, view: HostView, now: number): Obstacle | null {
  const { spec } = world.record;
  if (spec === null) return null;
  const situation = situationOf(world, spec, now);
  return notAdmitted(situation) ?? beyondQuota(world) ?? heldTwice(world, view) ?? touched(world, now);
}

function notAdmitted({ admission, spec }: Situation): Obstacle | null {
  if (admission.type === "admitted") return null;
  if (admission.type === "waiting" && spec.desiredState === "Stopped") return null;
  const remedy = "have its quota allow it (`ds01 limits USER`), or end it and write a spec that is allowed";
  return { why: `its spec would be refused (${admission.reason}): ${admission.message}`, remedy };
}

/** What runs already is never counted against its owner, so this looks as if it were yet to come. */
function beyondQuota({ quota, othersUsage, containers, devices, claim }: World): Obstacle | null {
  if (!containers.some(isLive)) return null;
  const { maxContainers, gpuNominal } = quota;
  const number = othersUsage.containers + 1;
  if (maxContainers.value !== null && number > maxContainers.value) {
    return beyond(`it would be container ${number} of ${quota.user}`, maxContainers, String);
  }
  const own = devices
    .filter(({ uuid }) => claim?.deviceUuids.includes(uuid))
    .reduce((sum, { gpuEquivalents }) => sum + gpuEquivalents, 0);
  const all = othersUsage.gpuEquivalents + own;
  if (gpuNominal.value === null || own === 0 || fitsWithin(all, gpuNominal.value)) return null;
  const held = `with its GPUs ${quota.user} would hold ${formatGpuEquivalents(all)} GPU-equivalents`;
  return beyond(held, gpuNominal, formatGpuEquivalents);
}

function beyond(
  what: string,
  { value, origin }: Sourced<number | null>,
  show: (value: number) => string,
): Obstacle {
  const place = origin.place === null ? "" : ` (${origin.place})`;
  const why = `${what}; quota "${origin.quota ?? "built-in"}" allows ${show(value ?? 0)}${place}`;
  return { why, remedy: "raise the quota, or end something of that user first" };
}

function heldTwice({ record, containers }: World, { leases, claims }: HostView): Obstacle | null {
  const ids = new Set(containers.map(({ id }) => id));
  const own = claims.get(record.uid)?.deviceUuids ?? [];
  const other = leases.find(({ deviceUuid, holder }) => {
    if (!own.includes(deviceUuid)) return false;
    if (holder.type === "object") return holder.uid !== record.uid;
    return holder.type !== "unmanaged" || !ids.has(holder.containerId);
  });
  if (other === undefined) return null;
  const remedy = "end one of the two; two containers of ds01 never share a GPU";
  return { why: `its GPU ${other.deviceUuid} is also used by ${describeHolder(other.holder)}`, remedy };
}

/** The same decision as later: nothing may be done to it at once. */
function touched(world: World, now: number): Obstacle | null {
  const { steps } = decide(world, now);
  const [first] = steps;
  if (first === undefined) return null;
  const why = `ds01 would ${first.do} it at once: ${first.cause}`;
  return { why, remedy: remedies[first.do] ?? "make it so that nothing of it has to change, or end it" };
}

const remedies: Readonly<Record<string, string>> = {
  update: "docker update --restart=no NAME, or start it",
  remove: "start it, or copy what is in there and remove it",
  stop: "have the quota allow it to run on (`ds01 limits USER`)",
};

/** What the quota gives, and ds01 calls, only its next container. */
export function laterNotes(world: World, now: number): readonly AdoptionNote[] {
  const { spec, namespace, name } = world.record;
  if (spec === null) return [];
  const situation = situationOf(world, spec, now);
  const { primary } = situation.roles;
  if (primary === null) return [];
  const drift = [
    ...limitDrift(updatableLimits(situation.limits), primary.config),
    ...limitsOfNextStart(situation),
  ];
  const byField = new Map(drift.map((one) => [one.field, one]));
  // Which follows from that.
  if (byField.has("memory")) byField.delete("memorySwap");
  const fields = [...byField.values()];
  const next = containerName(namespace, name);
  return [
    ...fields.map(({ field, found, wanted }) => ({
      about: field,
      message: `it has ${found}; its next container gets ${wanted}, as its quota says`,
    })),
    ...(primary.name === next
      ? []
      : [
          {
            about: "name",
            message: `it stays ${primary.name} for Docker; its next container is called ${next}`,
          },
        ]),
  ];
}
