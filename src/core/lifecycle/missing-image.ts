import { formatBytes } from "../../util/quantity.ts";
import type { ImageState } from "../world.ts";
import { fact, failureFact, type Fact } from "./fact.ts";
import { missingBuild } from "./missing-build.ts";
import { failureInTheWay, isOfImage } from "./limits-action.ts";
import type { StepFailure } from "./memory.ts";
import { isPutOff } from "./put-off.ts";
import type { Situation } from "./situation.ts";

/** How often a status says how far a pull is. */
const progressEveryMs = 3000;

type MissingImage = Extract<ImageState, { type: "missing" }>;

/** Failures of a pull that another name of the image can mend. */
const nameIsWrong: ReadonlySet<string> = new Set(["ImageNotFound", "RegistryDenied"]);

/** What keeps the image from being here, or any earlier step that failed; null when nothing does. */
export function missingImage(situation: Situation): Fact | null {
  const { world, spec, memory, now } = situation;
  const { image } = world;
  const earlier = failureInTheWay(memory);
  const failure = earlier !== null && isPutOff(earlier, now) ? earlier : null;
  const name = spec.image ?? "";
  if (image.type === "present") {
    return failure !== null && !isOfImage(failure) ? failureFact(failure) : null;
  }
  if (image.type === "pulling") return pulling(name, image, now);
  if (image.type !== "missing" || spec.build !== undefined) return missingBuild(situation, failure);
  const alias = usableAlias(situation, image);
  if (alias !== null && failure?.step !== "tag") {
    return fact("image.aliased", "ImageAliased", `${name} is not here, and its alias ${alias} is`);
  }
  if (spec.imagePullPolicy === "Never") {
    return fact("stalled", "ImageNotFound", neverPulled(name, image));
  }
  if (failure !== null) return withNames(failureFact(failure), failure, image);
  return fact("image.missing", "ImageNotPresent", `${name} is not here yet`, now + progressEveryMs);
}

/** How far it is is told anew every few seconds. */
function pulling(name: string, { progress }: Extract<ImageState, { type: "pulling" }>, now: number): Fact {
  if (progress === undefined || progress.totalBytes === 0)
    return fact("image.pulling", "PullingImage", `pulling ${name}`, now + progressEveryMs);
  const [done, total] = [progress.doneBytes, progress.totalBytes].map(formatBytes);
  return fact("image.pulling", "PullingImage", `pulling ${name}: ${done} of ${total}`, now + progressEveryMs);
}

/** With Always only what the registry says counts, so an alias has to wait until that does not know the name. */
function usableAlias({ spec, memory }: Situation, { alias }: MissingImage): string | null {
  if (alias === undefined) return null;
  if (spec.imagePullPolicy !== "Always") return alias;
  const { failure } = memory;
  return failure?.step === "pull" && nameIsWrong.has(failure.reason) ? alias : null;
}

function neverPulled(name: string, image: MissingImage): string {
  const { taggedFor = [] } = image;
  const found =
    taggedFor.length === 0
      ? `image ${name} is not on this host and imagePullPolicy is Never`
      : `image ${name} is on this host only as an alias in specs of ${taggedFor.join(", ")}, and imagePullPolicy is Never`;
  return `${found}: load or build it here${similarNames(image)}`;
}

/** Who wrote a name that nobody knows is told of those that are here. */
function withNames(found: Fact, { step, reason }: StepFailure, image: MissingImage): Fact {
  if (step !== "pull" || !nameIsWrong.has(reason)) return found;
  return { ...found, message: `${found.message}${similarNames(image)}` };
}

function similarNames({ similar = [] }: MissingImage): string {
  return similar.length === 0 ? "" : `; did you mean ${similar.join(" or ")}, which is here?`;
}
