import { buildLabels } from "../core/build.ts";
import type { ContainerRecord } from "../core/record.ts";
import type { ContainerRuntime } from "../ports/container-runtime.ts";
import { ConflictError } from "../util/errors.ts";

/** What an image that is built for the object says of itself. */
export function ownLabels(
  { namespace, name }: Pick<ContainerRecord, "namespace" | "name">,
  instance: string,
): Readonly<Record<string, string>> {
  return {
    [buildLabels.built]: "true",
    [buildLabels.user]: namespace,
    [buildLabels.name]: name,
    [buildLabels.instance]: instance,
  };
}

/** Removes images of builds that were cut off before they had a name; one that a container uses stays. */
export async function removeLeftovers(
  record: Pick<ContainerRecord, "namespace" | "name">,
  instance: string,
  runtime: Pick<ContainerRuntime, "images" | "removeImage">,
): Promise<void> {
  const own = Object.entries(ownLabels(record, instance));
  const images = await runtime.images();
  const leftovers = images.filter(
    ({ references, labels }) =>
      references.length === 0 && own.every(([label, value]) => labels[label] === value),
  );
  for (const { id } of leftovers) await runtime.removeImage(id).catch(staysIfUsed);
}

function staysIfUsed(error: unknown): void {
  if (!(error instanceof ConflictError)) throw error;
}
