import { parseSpecText } from "../parse.ts";
import type { Problem } from "../problem.ts";
import type { ContainerDraft, Origin } from "./container-draft.ts";
import { objectNameOf } from "./docker-values.ts";
import { finishEnvironment } from "./environment.ts";
import { finishGpus } from "./gpus.ts";
import type { GpuChoice } from "./gpus.ts";
import { finishPorts } from "./network.ts";
import { finishCommand, finishIpc } from "./process.ts";
import { renderDraft } from "./render-draft.ts";
import { finishCpus, finishMemory } from "./resource-limits.ts";

/** A ContainerSpec as a file: the name of the object, and the document. */
export interface ImportedContainer {
  readonly name: string;
  readonly text: string;
}

/**
 * Settles what depends on several places, and writes the draft down; null when something is wrong. What ds01 itself
 * would say about the document becomes a problem of the place that its field comes from.
 */
export function finishDraft(draft: ContainerDraft, choice: GpuChoice): ImportedContainer | null {
  finishCommand(draft);
  finishGpus(draft, choice);
  finishEnvironment(draft);
  finishCpus(draft);
  finishMemory(draft);
  finishIpc(draft);
  finishPorts(draft);
  if (draft.spec.restartPolicy === undefined) {
    draft.spec.restartPolicy = "Never";
    draft.mark("spec.restartPolicy", draft.origin, "Docker's default");
  }
  const name = draft.name ?? nameOfImage(draft.spec.image ?? "");
  const text = renderDraft(name, draft);
  const { problems } = parseSpecText(text, { path: "", expect: "ContainerSpec" });
  for (const problem of problems) {
    // Why there is no image was told where it should have been.
    const isTold = problem.field === "spec.image" && draft.spec.image === undefined;
    if (!isTold) draft.problem(originOf(draft, problem), toldMessage(problem));
  }
  return draft.problems.length > 0 ? null : { name, text };
}

/** What something without a name is called: the last part of its image's name. */
function nameOfImage(image: string): string {
  const [path = ""] = image.split("@", 1);
  return objectNameOf((path.split("/").at(-1) ?? "").split(":", 1)[0] ?? "") || "container";
}

/** The place that the field, or the nearest one around it, comes from. */
function originOf(draft: ContainerDraft, { field }: Problem): Origin {
  const places = [...draft.origins].filter(
    ([known]) => field === known || [".", "["].some((mark) => field.startsWith(known + mark)),
  );
  const [nearest] = places.toSorted(([one], [other]) => other.length - one.length);
  return nearest?.[1] ?? draft.origin;
}

function toldMessage({ field, message }: Problem): string {
  return field === "" ? message : `${field} of the spec: ${message}`;
}
