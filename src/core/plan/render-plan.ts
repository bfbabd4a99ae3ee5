import type { PlannedStep } from "../../api/description.ts";
import { formatDuration } from "../../util/duration.ts";
import type { Step } from "./step.ts";

/** What a step acts on, for people. */
export function stepTarget(step: Step): string {
  switch (step.do) {
    case "pull":
    case "build":
      return step.image;
    case "makeHostPath":
      return step.path;
    case "tag":
      return `${step.image} as ${step.as}`;
    case "create":
      return step.container.name;
    case "rename":
      return `${step.name} -> ${step.to}`;
    case "stop":
    case "start":
    case "seed":
    case "pause":
    case "unpause":
    case "remove":
    case "update":
      return step.name;
  }
}

/** Steps as `ds01 diff` and tests show them. */
export function plannedSteps(steps: readonly Step[]): readonly PlannedStep[] {
  return steps.map((step) => ({
    do: step.do,
    target: stepTarget(step),
    cause: step.do === "stop" ? `${step.cause}; ${formatDuration(step.graceMs)} grace` : step.cause,
  }));
}

/** One line a step: `2 create train._.alice: no container for this spec`. */
export function renderPlan(steps: readonly Step[]): string {
  return plannedSteps(steps)
    .map((step, index) => `${index + 1} ${step.do} ${step.target}: ${step.cause}`)
    .join("\n");
}
