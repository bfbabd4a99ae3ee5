import { labels } from "../api/names.ts";
import type { WantedVolume } from "../core/plan/desired-container.ts";
import type { ContainerRuntime } from "../ports/container-runtime.ts";
import { StalledError } from "../util/errors.ts";

/** What must be the same of a volume that is there: who made it, for whom, under which name. */
const proof = [labels.managed, labels.user, labels.volume, labels.instance] as const;

/**
 * Right before a container is made: a volume that is there under the wanted name was made by this controller for this
 * owner, for the engine would mount any. Throws StalledError `VolumeTaken`.
 */
export async function refuseForeignVolumes(
  volumes: readonly WantedVolume[],
  object: string,
  runtime: Pick<ContainerRuntime, "volume">,
): Promise<void> {
  for (const { name, labels: wanted } of volumes) {
    const found = await runtime.volume(name);
    if (found === undefined || proof.every((label) => found.labels[label] === wanted[label])) continue;
    throw new StalledError({
      reason: "VolumeTaken",
      message: `${object} wants its volume ${wanted[labels.volume]}, and Docker's volume ${name} was not made for it (${madeFor(found.labels)})`,
      remedy:
        "name another volume; an admin removes that one (`docker volume rm`), or sets volumes.prefix in the configuration",
    });
  }
}

function madeFor(found: Readonly<Record<string, string>>): string {
  const user = found[labels.user];
  if (found[labels.managed] !== "true" || user === undefined) return "it has no labels of ds01";
  return `it is ${user}'s, made by instance ${found[labels.instance] ?? "?"}`;
}
