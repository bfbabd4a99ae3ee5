import { parseEnvFile } from "../env-file.ts";
import type { ContainerDraft, Origin } from "./container-draft.ts";

/**
 * Leaves the variables of a file in it, where that means the same: Docker's format, no name without a value, none that
 * ds01 sets itself, and no earlier file whose variables stand in the spec, where they would weigh more. False where
 * it does not; then they have to be read into the spec.
 */
export function keepEnvironmentFile(
  draft: ContainerDraft,
  { path, text }: { readonly path: string; readonly text: string },
  origin: Origin,
): boolean {
  if (draft.environment.size > 0) return false;
  if (parseEnvFile(new TextEncoder().encode(text)).type === "invalid") return false;
  const files = (draft.spec.envFrom ??= []);
  draft.mark(`spec.envFrom[${files.length}]`, origin);
  files.push({ file: { path } });
  draft.changed(
    origin,
    `the variables stay in ${path}, which a quota has to grant and you have to be able to read; or move it beside the spec`,
  );
  return true;
}
