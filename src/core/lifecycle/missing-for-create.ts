import { unmetBySpec } from "../cuda-fit.ts";
import { aggregateWait } from "./aggregate-wait.ts";
import { fact, type Fact } from "./fact.ts";
import { gpuStackAway } from "./gpu-stack-away.ts";
import { missingImage } from "./missing-image.ts";
import type { Situation } from "./situation.ts";

/** What must be there before a container can be made and is not: leave, image, devices; null when all is. */
export function missingForCreate(situation: Situation): Fact | null {
  const { admission } = situation;
  const kept = keptBack(situation);
  if (kept !== null) return kept;
  if (admission.type !== "admitted") return fact("waiting", admission.reason, admission.message);
  return (
    aggregateWait(situation) ??
    missingImage(situation) ??
    driverTooOld(situation) ??
    waitingForDevices(situation) ??
    gpuStackAway(situation)
  );
}

/** What must have ended before it may start. */
function keptBack({ world }: Situation): Fact | null {
  return world.gate == null ? null : fact("waiting", world.gate.reason, world.gate.message);
}

/** An image that wants another driver would start, see no GPU, and end again and again. */
function driverTooOld({ world, spec }: Situation): Fact | null {
  if (world.image.type !== "present") return null;
  const unmet = unmetBySpec(spec, world.image.requirements ?? {}, world.driver);
  if (unmet === null) return null;
  const { variable, wanted, found } = unmet;
  const remedy =
    "choose an image for the CUDA version of this driver, or an admin updates the driver; where it works all the same, set NVIDIA_DISABLE_REQUIRE to 1 in spec.env";
  return fact(
    "stalled",
    "ImageNeedsNewerDriver",
    `image ${world.imageReference ?? ""} needs ${wanted} (${variable}), and this host has ${found}: ${remedy}`,
  );
}

/** What it waits for before it can have devices; null when it has them. */
export function waitingForDevices(situation: Situation): Fact | null {
  if (situation.devices !== null) return null;
  const kept = keptBack(situation);
  if (kept !== null) return kept;
  const outcome = situation.world.schedule;
  if (outcome === null || outcome.type === "assigned") {
    // The queue has not seen yet that nothing else is in the way.
    return fact("waiting", "WaitingForDevices", "devices are being looked for", situation.now + 500);
  }
  const { reason, message, eta, lookAgainAt } = outcome;
  const next = Math.min(eta ?? Infinity, lookAgainAt ?? Infinity);
  return fact("waiting", reason, message, Number.isFinite(next) ? next : null);
}
