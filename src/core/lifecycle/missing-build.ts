import { fact, failureFact, type Fact } from "./fact.ts";
import type { StepFailure } from "./memory.ts";
import type { Situation } from "./situation.ts";

/** How often a status says how far a build is, and how soon what is built from is looked at again. */
const lookAgainMs = { progress: 3000, files: 10_000 } as const;

/** What keeps the image of an object that builds its own from being here. `failure`: a step that is not due again yet. */
export function missingBuild({ world, now }: Situation, failure: StepFailure | null): Fact {
  const { image } = world;
  if (image.type === "unbuildable") {
    return fact("stalled", image.reason, image.message, now + lookAgainMs.files);
  }
  if (image.type === "building") {
    const message = `building the image${image.step === "" ? "" : `: ${image.step}`}`;
    return fact("image.building", "BuildingImage", message, now + lookAgainMs.progress);
  }
  if (image.type === "reading" || world.imageReference === null) {
    return fact("image.building", "ReadingContext", "reading what is built from", now + lookAgainMs.files);
  }
  // Other files are another build, which may go well at once.
  if (failure !== null && (failure.step !== "build" || failure.subject === world.imageReference)) {
    const told = failureFact(failure);
    return { ...told, at: Math.min(failure.nextAt, now + lookAgainMs.files) };
  }
  const message = `${world.imageReference} is not built yet`;
  return fact("image.unbuilt", "ImageNotBuilt", message, now + lookAgainMs.progress);
}
