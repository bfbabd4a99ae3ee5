import type { OptionDefinition } from "../command.ts";
import { UsageError } from "../usage-error.ts";

/** Flags of `ds01 create container`, each for one field of the spec. */
export const containerFlags = {
  image: { value: "IMAGE", summary: "image to run" },
  gpus: { value: "N", summary: "GPUs to hold" },
  "gpu-profile": {
    value: "PROFILE",
    summary: "MIG slices of this profile, such as 2g.20gb, instead of whole GPUs",
  },
  "gpu-memory": { value: "SIZE", summary: "least memory of each GPU, such as 40Gi" },
  cpus: { value: "N", summary: "CPUs at most" },
  memory: { value: "SIZE", summary: "memory at most, such as 32Gi" },
  "shm-size": { value: "SIZE", summary: "size of /dev/shm" },
  volume: {
    short: "v",
    value: "PATH:MOUNT[:ro]",
    multiple: true,
    summary: "a path of the host, and where it is mounted",
  },
  port: { short: "p", value: "[HOST:]PORT", multiple: true, summary: "a port to publish at 127.0.0.1" },
  env: { short: "e", value: "NAME=VALUE", multiple: true, summary: "an environment variable" },
  workdir: { short: "w", value: "DIR", summary: "working directory" },
  user: { value: "WHO", summary: "owner, image, root or uid:gid" },
  "max-runtime": { value: "DURATION", summary: "stop it after this much running time" },
  "restart-policy": { value: "POLICY", summary: "Always, OnFailure or Never" },
} as const satisfies Readonly<Record<string, OptionDefinition>>;

/** What was written for each flag. */
export type ContainerFlags = {
  readonly [Name in keyof typeof containerFlags]: (typeof containerFlags)[Name] extends {
    readonly multiple: true;
  }
    ? readonly string[]
    : string | undefined;
};

/** A ContainerSpec document from flags; what the values may be is for the schema to say, but for their notation. */
export function containerFromFlags(
  { name, namespace }: { readonly name: string; readonly namespace: string },
  flags: ContainerFlags,
  args: readonly string[],
): object {
  const resources = { cpus: numeric(flags.cpus), memory: flags.memory, shmSize: flags["shm-size"] };
  const gpus = { count: numeric(flags.gpus), profile: flags["gpu-profile"], minMemory: flags["gpu-memory"] };
  const wantsGpus = flags.gpus !== "0" && hasAny(gpus);
  return {
    apiVersion: "ds01.io/v1alpha1",
    kind: "ContainerSpec",
    metadata: { name, namespace },
    spec: {
      image: flags.image,
      ...some("args", args),
      workingDir: flags.workdir,
      ...some("env", flags.env.map(variable)),
      user: flags.user,
      ...(hasAny(resources) ? { resources } : {}),
      ...(wantsGpus ? { gpus: { ...gpus, count: gpus.count ?? 1 } } : {}),
      ...some("volumes", flags.volume.map(volume)),
      ...some("ports", flags.port.map(port)),
      restartPolicy: flags["restart-policy"],
      ...(flags["max-runtime"] === undefined ? {} : { lifecycle: { maxRuntime: flags["max-runtime"] } }),
    },
  };
}

function some(field: string, items: readonly unknown[]): object {
  return items.length === 0 ? {} : { [field]: items };
}

function hasAny(fields: object): boolean {
  return Object.values(fields).some((value) => value !== undefined);
}

/** A number where it is one; anything else is left for the schema to complain about. */
function numeric(text: string | undefined): number | string | undefined {
  return text !== undefined && /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
}

function variable(text: string): object {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined) throw new UsageError(`--env needs NAME=VALUE; found "${text}"`);
  return { name, value };
}

function volume(text: string, index: number): object {
  const [, path, mountPath = "", mode] = /^([^:]+):([^:]+)(?::(ro|rw))?$/.exec(text) ?? [];
  if (path === undefined) throw new UsageError(`--volume needs PATH:MOUNT or PATH:MOUNT:ro; found "${text}"`);
  const last = mountPath.split("/").findLast((part) => part !== "") ?? "";
  const name = /^[a-z0-9][a-z0-9-]*$/.test(last) ? last : `volume-${index + 1}`;
  return { name, mountPath, ...(mode === "ro" ? { readOnly: true } : {}), hostPath: { path } };
}

function port(text: string): object {
  const [, hostPort, containerPort] = /^(?:(\d+):)?(\d+)$/.exec(text) ?? [];
  if (containerPort === undefined) throw new UsageError(`--port needs PORT or HOST:PORT; found "${text}"`);
  return {
    containerPort: Number(containerPort),
    ...(hostPort === undefined ? {} : { hostPort: Number(hostPort) }),
  };
}
