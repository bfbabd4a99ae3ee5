import { replicasVariable } from "../jobs/index-variables.ts";
import { formatBytes } from "../../util/quantity.ts";
import type { AppliedLimits } from "../lifecycle/memory.ts";
import type { ObservedConfiguration, ObservedContainer, ObservedMount, PassedDevice } from "../observed.ts";
import { processDrift } from "./container-process.ts";
import { byContainerPath } from "./container-security.ts";
import { keyOf, perSecondText, type IoRate } from "../quota/block-io.ts";
import { memorySwapText } from "../quota/memory-swap.ts";
import type { PlainUlimit } from "../quota/ulimits.ts";
import type { DesiredContainer } from "./desired-container.ts";

/** A field of a live container that is not as it should be; values are for people, never those of env. */
export interface FieldDrift {
  readonly field: string;
  readonly found: string;
  readonly wanted: string;
}

/**
 * What Docker cannot change after create and yet differs: somebody made another container under our labels.
 * Fields that the spec leaves to the image are not compared.
 */
export function configurationDrift(
  desired: DesiredContainer,
  { config: observed, gpuClaims }: Pick<ObservedContainer, "config" | "gpuClaims">,
): FieldDrift[] {
  const drift: FieldDrift[] = [];
  const compare = (field: string, wanted: unknown, found: unknown): void => {
    const [wantedText, foundText] = [JSON.stringify(wanted), JSON.stringify(found)];
    if (wantedText !== foundText) drift.push({ field, found: foundText, wanted: wantedText });
  };
  compare("image", desired.image, observed.image);
  if (desired.entrypoint !== null) compare("command", desired.entrypoint, observed.entrypoint);
  if (desired.command !== null) compare("args", desired.command, observed.command);
  if (desired.workingDir !== null) compare("workingDir", desired.workingDir, observed.workingDir);
  if (desired.user !== null) compare("user", desired.user, observed.user);
  for (const [name, value] of Object.entries(desired.environment)) {
    if (observed.environment[name] !== value && name !== replicasVariable) {
      drift.push({ field: `env[${name}]`, found: "another value", wanted: "the declared value" });
    }
  }
  compare("volumes", sortedMounts(desired.mounts), sortedMounts(observed.mounts));
  compare("ports", sortedPorts(desired.ports), sortedPorts(observed.ports));
  if (desired.shmSizeBytes !== null) compare("shmSize", desired.shmSizeBytes, observed.shmSizeBytes);
  for (const { name, found, wanted } of ulimitDrift(desired.ulimits, observed)) {
    compare(`ulimit ${name}`, wanted, found);
  }
  for (const { name, found, wanted } of ioDrift(desired.ioRates, observed)) compare(name, wanted, found);
  const gpus = namedDevices(desired.attachment);
  if (gpus !== null) compare("gpus", gpus, gpuClaims.all ? ["all"] : gpuClaims.ids.toSorted());
  compare("network", desired.network, observed.network);
  compare("ipc", desired.ipc === "host", observed.ipc === "host");
  for (const [field, value, found] of processDrift(desired.process, observed.process))
    compare(field, value, found);
  const { security } = observed;
  const wanted = { ...desired.security, devices: allNodes(desired) };
  for (const [field, value] of Object.entries(wanted)) {
    compare(field, value, security[field as keyof typeof security]);
  }
  return drift;
}

/** Nodes that the spec names and those of the accelerators it holds. */
export function allNodes({ security, attachment }: DesiredContainer): PassedDevice[] {
  const given = (attachment.nodes ?? []).map(({ pathOnHost, pathInContainer }) => {
    return { pathOnHost, pathInContainer, permissions: "rwm" };
  });
  return [...security.devices, ...given].toSorted(byContainerPath);
}

function sortedMounts(mounts: DesiredContainer["mounts"]): unknown[] {
  return mounts.map(comparedMount).toSorted((a, b) => (a.target < b.target ? -1 : 1));
}

/** Its parts in one order, as they are compared as text. */
function comparedMount(mount: ObservedMount): ObservedMount {
  const { target, readOnly } = mount;
  if (mount.type !== "tmpfs") return { type: mount.type, source: mount.source, target, readOnly };
  return { type: mount.type, target, readOnly, sizeBytes: mount.sizeBytes, mode: mount.mode };
}

function sortedPorts(ports: DesiredContainer["ports"]): string[] {
  return ports
    .map(({ hostIp, hostPort, containerPort, protocol }) => {
      return `${hostIp}:${hostPort ?? ""}:${containerPort}/${protocol}`;
    })
    .toSorted();
}

/** Devices as inspect names them; null where they are passed another way, which shows in the environment. */
export function namedDevices({
  injection,
  deviceRequests,
  nodes = [],
}: DesiredContainer["attachment"]): string[] | null {
  if (injection === "runtime" || injection === "simulated") return null;
  const requested = deviceRequests.flatMap(({ deviceIds }) => deviceIds);
  const names = [
    ...requested.map((name) => name.replace(/^nvidia\.com\/[^=]*=/, "")),
    ...nodes.flatMap(({ uuid }) => uuid ?? []),
  ];
  return [...new Set(names)].toSorted();
}

/** Ulimits that are wanted and are others; those that the engine adds by itself are nobody's. */
export function ulimitDrift(
  wanted: readonly PlainUlimit[],
  observed: Pick<ObservedConfiguration, "ulimits">,
): readonly { readonly name: string; readonly found: string; readonly wanted: string }[] {
  const show = ({ soft, hard }: PlainUlimit): string => `${soft}:${hard}`;
  return wanted.flatMap((ulimit) => {
    const found = observed.ulimits.find(({ name }) => name === ulimit.name);
    const row = { name: ulimit.name, found: found === undefined ? "the engine's default" : show(found) };
    return row.found === show(ulimit) ? [] : [{ ...row, wanted: show(ulimit) }];
  });
}

/** Rates of devices that are others than wanted, or not there. */
export function ioDrift(
  wanted: readonly IoRate[],
  { ioRates }: Pick<ObservedConfiguration, "ioRates">,
): readonly { readonly name: string; readonly found: string; readonly wanted: string }[] {
  return wanted.flatMap((rate) => {
    const found = ioRates.findLast((one) => keyOf(one) === keyOf(rate));
    if (found?.perSecond === rate.perSecond) return [];
    const now = found === undefined ? "unlimited" : perSecondText(found);
    return [{ name: `io ${keyOf(rate)}`, found: now, wanted: perSecondText(rate) }];
  });
}

/** Limits that `docker update` could change and that differ from what is wanted. */
export function limitDrift(wanted: AppliedLimits, observed: ObservedConfiguration): FieldDrift[] {
  const drift: FieldDrift[] = [];
  if (!sameCpus(wanted.cpus, observed.cpus)) {
    drift.push({ field: "cpus", found: text(observed.cpus), wanted: text(wanted.cpus) });
  }
  if (wanted.memoryBytes !== observed.memoryBytes) {
    drift.push({ field: "memory", found: bytes(observed.memoryBytes), wanted: bytes(wanted.memoryBytes) });
  }
  const { ioWeight } = wanted;
  drift.push(...memorySwapDrift(wanted, observed));
  if (wanted.pidsLimit !== observed.pidsLimit) {
    drift.push({ field: "pidsLimit", found: text(observed.pidsLimit), wanted: text(wanted.pidsLimit) });
  }
  if (ioWeight !== undefined && ioWeight !== observed.ioWeight) {
    drift.push({ field: "io.weight", found: weight(observed.ioWeight), wanted: weight(ioWeight) });
  }
  return drift;
}

/** No swap before and after is none of it, however much the memory is. */
function memorySwapDrift(wanted: AppliedLimits, observed: ObservedConfiguration): readonly FieldDrift[] {
  const { memorySwapBytes } = wanted;
  if (memorySwapBytes === undefined || memorySwapBytes === observed.memorySwapBytes) return [];
  const now = memorySwapText(observed.memorySwapBytes, observed.memoryBytes);
  const then = memorySwapText(memorySwapBytes, wanted.memoryBytes);
  return now === "none" && then === "none" ? [] : [{ field: "memorySwap", found: now, wanted: then }];
}

/** Docker keeps billionths of a CPU. */
function sameCpus(a: number | null, b: number | null): boolean {
  return a === b || (a !== null && b !== null && Math.round(a * 1e9) === Math.round(b * 1e9));
}

/** Docker's own restart policy must be `no`: ds01 owns restarts. */
export function restartPolicyDrift(observed: ObservedContainer): FieldDrift[] {
  const found = observed.config.restartPolicy;
  return found === "" || found === "no" ? [] : [{ field: "restartPolicy", found, wanted: "no" }];
}

/** `memory 8Gi, spec 32Gi; cpus 2, spec 4`. */
export function renderDrift(drift: readonly FieldDrift[]): string {
  return drift.map(({ field, found, wanted }) => `${field} is ${found}, wanted ${wanted}`).join("; ");
}

function text(value: number | null): string {
  return value === null ? "unlimited" : String(value);
}

function weight(value: number | null): string {
  return value === null ? "the engine's default" : String(value);
}

function bytes(value: number | null): string {
  return value === null ? "unlimited" : formatBytes(value);
}
