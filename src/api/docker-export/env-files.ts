import type { ContainerSpecSpec } from "../container.ts";

type EnvFrom = NonNullable<ContainerSpecSpec["envFrom"]>[number];

/** Whether Docker takes the file as ds01 does: it knows no prefix, no file that may be missing, and no directory of specs. */
function isDockerEnvFile({ file, prefix }: EnvFrom): boolean {
  return prefix === undefined && file.optional !== true && file.path.startsWith("/");
}

/** Files of variables as Docker can be told them. */
export function dockerEnvFiles({ envFrom = [] }: ContainerSpecSpec): readonly string[] {
  return envFrom.filter(isDockerEnvFile).map(({ file }) => file.path);
}

/** The fields of those that Docker cannot be told. */
export function otherEnvFiles({ envFrom = [] }: ContainerSpecSpec): readonly string[] {
  return envFrom.flatMap((from, index) => (isDockerEnvFile(from) ? [] : [`envFrom[${index}]`]));
}
