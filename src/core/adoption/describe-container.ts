import type { WrittenSpec } from "../../api/docker-import/container-draft.ts";
import type { ObservedContainer } from "../observed.ts";
import { lostNote, type AdoptionNote } from "./adoption-note.ts";
import type { FurtherSettings } from "./further-settings.ts";
import { processFields } from "./spec-process.ts";
import { resourceFields, securityFields, sharingFields, volumeFields } from "./spec-surroundings.ts";

/** What is written of a container, and what cannot be. */
export interface DescribedContainer {
  readonly spec: WrittenSpec;
  readonly notes: readonly AdoptionNote[];
}

/** The spec that says of a container what it is now; its GPUs are added by who knows which they are. */
export function describeAsSpec(container: ObservedContainer, further: FurtherSettings): DescribedContainer {
  const { config } = container;
  const { fields, notes: processNotes } = processFields(container, further);
  const notes: AdoptionNote[] = [...processNotes];
  const spec: WrittenSpec = {
    desiredState: stateField(container),
    image: config.image,
    ...fields,
    ...resourceFields(config, notes),
    ...volumeFields(config, notes),
    ...sharingFields(config, notes),
    ...securityFields(config, notes),
    restartPolicy: restartField(config.restartPolicy),
  };
  notes.push(...restartNotes(container), ...composeNotes(container), ...furtherNotes(further));
  return { spec, notes };
}

function stateField({ state }: ObservedContainer): "Running" | "Stopped" | "Paused" {
  if (state === "paused") return "Paused";
  return state === "running" || state === "restarting" ? "Running" : "Stopped";
}

function restartField(policy: string): "Always" | "OnFailure" | "Never" {
  if (policy === "always" || policy === "unless-stopped") return "Always";
  return policy === "on-failure" ? "OnFailure" : "Never";
}

function restartNotes({ config: { restartPolicy } }: ObservedContainer): AdoptionNote[] {
  if (restartPolicy === "no" || restartPolicy === "") return [];
  const message = `Docker restarts it by itself (${restartPolicy}) as long as it runs; once it has stopped, ds01 sets that to no and restarts it as spec.restartPolicy says`;
  return [{ about: "restartPolicy", message }];
}

function composeNotes({ labels: own }: ObservedContainer): AdoptionNote[] {
  const project = own["com.docker.compose.project"];
  if (project === undefined) return [];
  const message = `Compose goes on to count it to its project ${project}: take the service out of the compose file, or \`docker compose up\` and \`down\` replace and remove it`;
  return [{ about: "labels", message }];
}

function furtherNotes({ image, anonymousVolumes, others }: FurtherSettings): AdoptionNote[] {
  const notes = others.map(({ setting, value }) => lostNote(setting, `it has ${setting} ${value}`));
  if (anonymousVolumes.length > 0) {
    const message = `${anonymousVolumes.join(", ")}: volumes without a name, which are removed with the container: copy what is in there before it is made anew`;
    notes.push({ about: "volumes", message });
  }
  if (image === null) {
    const message =
      "the image that it was made from is not here any more: everything that the image said is written into the spec, and its next container needs the image from a registry";
    notes.push({ about: "image", message });
  }
  return notes;
}
