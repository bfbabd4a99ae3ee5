import { formatTime } from "../core/format-time.ts";
import type { Inventory } from "../core/schedule/device.ts";
import type { HealthCheck } from "../ports/control-plane.ts";
import { accessCheck, type AccessCheckInput } from "./access-check.ts";
import { deviceFileRemedy } from "./device-file-watch.ts";
import { injectionCheck, type InjectionCheckInput } from "./injection-check.ts";
import type { KernelLogState } from "../ports/kernel-log.ts";

/** What the checks look at. */
export interface HealthInput {
  readonly sourceSynced: boolean;
  readonly sourceMessage: string;
  readonly engineReady: boolean;
  readonly engineMessage: string;
  readonly inventory: Inventory;
  readonly stateWritable: boolean;
  readonly injection: InjectionCheckInput;
  readonly access: AccessCheckInput;
  /** Programs that files of the host are touched with and that it lacks, in words. */
  readonly missingPrograms: readonly string[];
  /** Git sources that stay as they are because what admins have suspended cannot be read. */
  readonly unreadableSuspensions: readonly string[];
  /** True while it is not known whom admins have stopped in an emergency. */
  readonly unreadableEmergencyStops: boolean;
  /** GPUs of which it is not known whether they are cordoned. */
  readonly unknownCordons: readonly string[];
  /** Until when nothing is stopped for idleness, as it cannot be read who asked for what; null: that is known. */
  readonly unreadableKeepAlivesUntil: number | null;
  /** Null while no GPU makes the kernel log worth reading. */
  readonly kernelLog: KernelLogState | null;
}

/** The lines of `ds01 doctor` and /readyz that the controller knows. */
export function healthChecks(input: HealthInput): readonly HealthCheck[] {
  const { inventory } = input;
  return [
    check(
      "SourceSynced",
      input.sourceSynced,
      input.sourceMessage,
      "make the specs directory readable again; until then nothing is stopped or removed",
    ),
    check(
      "EngineReady",
      input.engineReady,
      input.engineReady ? "the Docker engine answers" : input.engineMessage,
      "start Docker (systemctl start docker) or correct --docker-host; what runs goes on",
    ),
    check(
      "GpuStackReady",
      inventory.ready,
      inventory.ready ? `${inventory.devices.length} devices` : inventory.message,
      "run nvidia-smi by hand, and look at dmesg for the driver; until it answers no GPU is handed out and running work is untouched",
    ),
    ...deviceFileCheck(inventory),
    ...cordonCheck(input.unknownCordons),
    ...injectionCheck(input.injection),
    ...accessCheck(input.access),
    check(
      "StateWritable",
      input.stateWritable,
      input.stateWritable ? "the state directory can be written" : "the state directory cannot be written",
      "free disk space or make the state directory writable",
    ),
    ...emergencyStopCheck(input.unreadableEmergencyStops),
    ...suspensionCheck(input.unreadableSuspensions),
    ...keepAliveCheck(input.unreadableKeepAlivesUntil),
    ...programCheck(input.missingPrograms),
    ...(input.kernelLog === null ? [] : [kernelLogCheck(input.kernelLog)]),
  ];
}

/** Its devices are given to nobody; all others are. */
function deviceFileCheck({ problems = [] }: Inventory): readonly HealthCheck[] {
  if (problems.length === 0) return [];
  const message = problems.map(({ source, message: problem }) => `${source}: ${problem}`).join("; ");
  return [check("DeviceFiles", false, message, deviceFileRemedy)];
}

/** What runs on them goes on. */
function cordonCheck(gpus: readonly string[]): readonly HealthCheck[] {
  if (gpus.length === 0) return [];
  const message = `which GPUs are cordoned cannot be read; not newly given to anybody: ${gpus.join(", ")}`;
  const remedy = "for each: ds01 uncordon gpu/N, or ds01 cordon gpu/N where it was; see devices.json.corrupt";
  return [check("DevicesReadable", false, message, remedy)];
}

/** What runs goes on. */
function emergencyStopCheck(unreadable: boolean): readonly HealthCheck[] {
  if (!unreadable) return [];
  const message =
    "what admins have stopped in an emergency cannot be read; nothing is started that does not run";
  const remedy = "ds01 resume --all, then stop again what has to be: ds01 emergency-stop";
  return [check("EmergencyStopsReadable", false, message, remedy)];
}

/** What is in effect of them goes on. */
function suspensionCheck(sources: readonly string[]): readonly HealthCheck[] {
  if (sources.length === 0) return [];
  const message = `which sources are suspended cannot be read; nothing newer is taken of ${sources.join(", ")}`;
  return [
    check("SuspensionsReadable", false, message, "ds01 resume source NAME, or ds01 suspend source NAME"),
  ];
}

/** GPUs of idle work stay taken for so long; all else works. */
function keepAliveCheck(until: number | null): readonly HealthCheck[] {
  if (until === null) return [];
  const message = `who asked for which container to be left alone cannot be read; nothing is stopped for idleness until ${formatTime(until)}`;
  const remedy = "ask again before that: ds01 keepalive NAME; with --for 0s for what need not be kept";
  return [{ ...check("KeepAlivesReadable", false, message, remedy), optional: true }];
}

/** All else works without them. */
function programCheck(missing: readonly string[]): readonly HealthCheck[] {
  if (missing.length === 0) return [];
  const message = `missing on this host: ${missing.join(", ")}; what touches files as their owner fails (spec.copy, spec.envFrom, spec.secrets, DirectoryOrCreate, FileOrCreate)`;
  return [{ ...check("HostPrograms", false, message, "install util-linux and GNU tar"), optional: true }];
}

/** Nothing fails without it: nvidia-smi tells of most of what is wrong as well, only later. */
function kernelLogCheck({ readable, message }: KernelLogState): HealthCheck {
  const effect = readable ? "" : ": XID errors are not seen (run as root, or set health.kernelLog)";
  return { name: "KernelLog", ok: true, message: `${message}${effect}`, remedy: null };
}

// eslint-disable-next-line max-params -- a row of a table has these four columns
function check(name: string, ok: boolean, message: string, remedy: string): HealthCheck {
  return { name, ok, message, remedy: ok ? null : remedy };
}
