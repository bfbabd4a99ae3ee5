import type { ContainerSpecSpec } from "./container.ts";

/** Where people work in a container: its working directory, else a mount at /workspace; null: the image's directory. */
export function workspaceOf(spec: Pick<ContainerSpecSpec, "workingDir" | "volumes">): string | null {
  if (spec.workingDir !== undefined) return spec.workingDir;
  const named = (spec.volumes ?? []).find(({ mountPath }) => mountPath === "/workspace");
  return named === undefined ? null : named.mountPath;
}
