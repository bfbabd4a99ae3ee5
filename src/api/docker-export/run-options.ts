import type { HostDevice, SecurityContext } from "../container-security.ts";
import type { HealthCheck } from "../health-check.ts";
import type { ContainerSpecSpec, Port, Resources } from "../container.ts";
import type { Volume } from "../volume.ts";
import type { BlockIo, IoRateName } from "../block-io.ts";
import { shellQuote } from "../../util/shell-quote.ts";
import { parseBytes, parseCpus } from "../../util/quantity.ts";
import {
  commaField,
  dockerMemorySwap,
  dockerSize,
  goTime,
  ulimitAmount,
  wholeSeconds,
} from "./docker-text.ts";
import { dockerEnvFiles } from "./env-files.ts";
import { dockerGpus } from "./exported-container.ts";
import type { ExportedContainer } from "./exported-container.ts";

/** One flag of `docker run` with its value; a switch has none. */
export interface RunOption {
  readonly flag: string;
  readonly value?: string;
  /** A value that the shell is to work out: put into double quotes, not single ones. */
  readonly isShell?: boolean;
}

const pulls = { Always: "always", IfNotPresent: "missing", Never: "never" } as const;
const restarts = { Always: "always", OnFailure: "on-failure", Never: "no" } as const;

/** The flags of `docker run` that make a container as ds01 would, in the order in which people look for them. */
export function runOptions(container: ExportedContainer): readonly RunOption[] {
  const { name, labels, spec } = container;
  return [
    { flag: "--detach" },
    option("--name", name),
    option("--pull", pulls[spec.imagePullPolicy]),
    ...Object.entries(labels).map(([label, value]) => option("--label", `${label}=${value}`)),
    ...some("--entrypoint", spec.command?.[0]),
    ...some("--workdir", spec.workingDir),
    ...processOptions(spec),
    ...userOptions(container),
    ...dockerEnvFiles(spec).map((path) => option("--env-file", path)),
    ...(spec.env ?? []).map((variable) => option("--env", `${variable.name}=${variable.value}`)),
    ...gpuOptions(container),
    ...resourceOptions(spec.resources ?? {}),
    ...(spec.volumes ?? []).map(mountOption),
    ...(spec.ports ?? []).map(portOption),
    option("--network", spec.network),
    ...(spec.ipc === "host" ? [option("--ipc", "host")] : []),
    ...(spec.pid === "host" ? [option("--pid", "host")] : []),
    ...securityOptions(spec.securityContext ?? {}),
    ...(spec.devices ?? []).map(deviceOption),
    option("--restart", restarts[spec.restartPolicy]),
    option("--stop-timeout", String(wholeSeconds(spec.stopGracePeriod))),
  ];
}

/** What stands behind the image: the rest of the entrypoint, then the arguments. */
export function runArguments({ command = [], args = [] }: ContainerSpecSpec): readonly string[] {
  return [...command.slice(1), ...args];
}

function processOptions(spec: ContainerSpecSpec): readonly RunOption[] {
  const { tty, stdin, init, stopSignal, hostname } = spec;
  return [
    ...(tty === true ? [{ flag: "--tty" }] : []),
    ...(stdin === true ? [{ flag: "--interactive" }] : []),
    ...(init === true ? [{ flag: "--init" }] : []),
    ...some("--stop-signal", stopSignal),
    ...healthOptions(spec.healthCheck ?? {}),
    ...some("--hostname", hostname),
    ...hostLines(spec).map((line) => option("--add-host", line)),
  ];
}

/** Docker's line is one for a shell. */
function healthOptions({ command, disabled, ...check }: HealthCheck): readonly RunOption[] {
  return [
    ...(disabled === true ? [{ flag: "--no-healthcheck" }] : []),
    ...some("--health-cmd", command?.map(shellQuote).join(" ")),
    ...some("--health-interval", goTime(check.interval)),
    ...some("--health-timeout", goTime(check.timeout)),
    ...some("--health-start-period", goTime(check.startPeriod)),
    ...some("--health-retries", check.retries === undefined ? undefined : String(check.retries)),
  ];
}

/** Lines for /etc/hosts as Docker is told them. */
export function hostLines({ hostAliases = [] }: ContainerSpecSpec): readonly string[] {
  return hostAliases.flatMap(({ ip, hostnames }) => hostnames.map((name) => `${name}=${ip}`));
}

function userOptions({ spec, namespace }: ExportedContainer): readonly RunOption[] {
  if (spec.user === "image") return [];
  if (spec.user !== "owner") return [option("--user", spec.user)];
  return [{ flag: "--user", value: `$(id -u ${namespace}):$(id -g ${namespace})`, isShell: true }];
}

function gpuOptions(container: ExportedContainer): readonly RunOption[] {
  const gpus = dockerGpus(container);
  if (gpus === 0) return [];
  // Of several names Docker sees the commas only in quotes of its own.
  return [option("--gpus", typeof gpus === "number" ? String(gpus) : commaField(`device=${gpus.join(",")}`))];
}

function resourceOptions(resources: Resources): readonly RunOption[] {
  const { cpus, memory, memorySwap, shmSize, pidsLimit, ulimits = [], io = {} } = resources;
  return [
    ...some("--cpus", cpus === undefined ? undefined : String(parseCpus(cpus))),
    ...some("--memory", memory === undefined ? undefined : dockerSize(memory)),
    ...some("--memory-swap", memory === undefined ? undefined : dockerMemorySwap(memory, memorySwap)),
    ...some("--shm-size", shmSize === undefined ? undefined : dockerSize(shmSize)),
    ...some("--pids-limit", pidsLimit === undefined ? undefined : String(pidsLimit)),
    ...ulimits.map(({ name, soft, hard }) =>
      option("--ulimit", `${name}=${ulimitAmount(soft)}:${ulimitAmount(hard)}`),
    ),
    ...diskOptions(io),
  ];
}

const rateFlags: readonly (readonly [IoRateName, string])[] = [
  ["readBytesPerSecond", "--device-read-bps"],
  ["writeBytesPerSecond", "--device-write-bps"],
  ["readOperationsPerSecond", "--device-read-iops"],
  ["writeOperationsPerSecond", "--device-write-iops"],
];

function diskOptions({ weight, devices = [] }: BlockIo): readonly RunOption[] {
  return [
    ...some("--blkio-weight", weight === undefined ? undefined : String(weight)),
    ...devices.flatMap((device) =>
      rateFlags.flatMap(([rate, flag]) => {
        const amount = device[rate];
        if (amount === undefined) return [];
        const count = typeof amount === "number" ? amount : (parseBytes(amount) ?? 0);
        return [option(flag, `${device.path}:${count}`)];
      }),
    ),
  ];
}

/** A bind that is missing on the host is an error this way, as with ds01; -v would make a directory. */
function mountOption(volume: Volume): RunOption {
  const fields = [
    ...sourceFields(volume),
    `target=${volume.mountPath}`,
    ...(volume.readOnly ? ["readonly"] : []),
  ];
  return option("--mount", fields.map(commaField).join(","));
}

function sourceFields({ hostPath, namedVolume, tmpfs }: Volume): readonly string[] {
  if (namedVolume !== undefined) return ["type=volume", `source=${namedVolume.name}`];
  if (tmpfs === undefined) return ["type=bind", `source=${hostPath?.path ?? ""}`];
  const { sizeLimit, mode } = tmpfs;
  return [
    "type=tmpfs",
    ...(sizeLimit === undefined ? [] : [`tmpfs-size=${parseBytes(sizeLimit) ?? 0}`]),
    ...(mode === undefined ? [] : [`tmpfs-mode=${mode}`]),
  ];
}

function portOption({ containerPort, hostPort, hostIP, protocol }: Port): RunOption {
  const address = hostIP.includes(":") ? `[${hostIP}]` : hostIP;
  return option("--publish", `${address}:${hostPort ?? ""}:${containerPort}/${protocol.toLowerCase()}`);
}

function securityOptions(context: SecurityContext): readonly RunOption[] {
  const { privileged, capabilities = {}, allowPrivilegeEscalation, readOnlyRootFilesystem } = context;
  return [
    ...(privileged === true ? [{ flag: "--privileged" }] : []),
    ...(capabilities.add ?? []).map((name) => option("--cap-add", name)),
    ...(capabilities.drop ?? []).map((name) => option("--cap-drop", name)),
    ...securityWords(context, allowPrivilegeEscalation).map((word) => option("--security-opt", word)),
    ...(readOnlyRootFilesystem === true ? [{ flag: "--read-only" }] : []),
  ];
}

/** What Docker calls security options. */
export function securityWords(
  { seccompProfile, appArmorProfile }: SecurityContext,
  allowPrivilegeEscalation: boolean | undefined,
): readonly string[] {
  return [
    ...(allowPrivilegeEscalation === false ? ["no-new-privileges"] : []),
    ...(seccompProfile?.type === "Unconfined" ? ["seccomp=unconfined"] : []),
    ...(appArmorProfile?.type === "Unconfined" ? ["apparmor=unconfined"] : []),
  ];
}

/** As Docker writes a device node. */
export function deviceText({ hostPath, containerPath = hostPath, permissions = "rwm" }: HostDevice): string {
  return `${hostPath}:${containerPath}:${permissions}`;
}

function deviceOption(device: HostDevice): RunOption {
  return option("--device", deviceText(device));
}

function option(flag: string, value: string): RunOption {
  return { flag, value };
}

function some(flag: string, value: string | undefined): readonly RunOption[] {
  return value === undefined ? [] : [option(flag, value)];
}
