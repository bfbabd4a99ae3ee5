import { groupBy } from "../../util/group-by.ts";
import { formatBytes } from "../../util/quantity.ts";
import { canCombine, requiredJoins, type SetRequirement } from "./choose-devices.ts";
import { possibleDevices } from "./cuttable.ts";
import type { Device } from "./device.ts";
import type { Join } from "./device-links.ts";
import { compareDevices, physicalUuid } from "./device-order.ts";
import { kindNoun } from "./wanted-devices.ts";
import type { DeviceRequirement } from "./requirement.ts";

const joinWords: Readonly<Record<Join, string>> = {
  nvlink: "joined by NVLink",
  sameBoard: "on one board",
};

/** `2 slices 2g.20gb with at least 20Gi of model "*A100*"`. */
export function describeNeed(demand: DeviceRequirement & SetRequirement): string {
  const kind = `${demand.count} ${isPlainWhole(demand) ? "whole " : ""}${nounOf(demand, demand.count)}`;
  const memory = demand.minMemoryBytes === null ? "" : ` with at least ${formatBytes(demand.minMemoryBytes)}`;
  const models =
    demand.models === null ? "" : ` of model ${demand.models.map((model) => `"${model}"`).join(" or ")}`;
  const capability =
    demand.minComputeCapability === null ? "" : `, compute capability ${demand.minComputeCapability} or more`;
  const together = requiredJoins(demand).map((join) => `, ${joinWords[join]}`);
  return `${kind}${memory}${models}${capability}${together.join("")}`;
}

/** Devices of the kind that is asked for, also those that do not do for another reason. */
export function isOfKind({ kind, profile, migAllowed, sharers }: DeviceRequirement, device: Device): boolean {
  if (device.kind !== kind) return false;
  if (sharers !== undefined) return device.sharing !== undefined && device.sharing.replica !== null;
  if (device.sharing !== undefined && device.sharing.replica !== null) return false;
  return migAllowed !== undefined || device.profile === profile;
}

/** `GPUs`, `slice 2g.20gb`, `GPUs or slices`, `time slices of GPUs that at most 4 containers share`. */
export function nounOf({ kind, profile, migAllowed, sharers }: DeviceRequirement, count: number): string {
  const plural = count === 1 ? "" : "s";
  if (sharers !== undefined) return `time slice${plural} of GPUs that at most ${sharers} containers share`;
  if (migAllowed !== undefined) return `GPU${plural} or slice${plural}`;
  return profile === null ? kindNoun(kind, count) : `slice${plural} ${profile}`;
}

function isPlainWhole({ kind, profile, migAllowed, sharers }: DeviceRequirement): boolean {
  return kind === undefined && profile === null && migAllowed === undefined && sharers === undefined;
}

/** Why no state of this host can satisfy the demand, and what to change. */
export function describeImpossible(
  demand: DeviceRequirement & SetRequirement,
  devices: readonly Device[],
): string {
  const fitting = possibleDevices(demand, devices);
  // Of one GPU's time slices a container gets one.
  const right = demand.sharers === undefined ? fitting.length : new Set(fitting.map(physicalUuid)).size;
  const field = demand.kind === undefined ? "spec.gpus" : "spec.accelerators";
  const alike = devices.filter(({ kind }) => kind === demand.kind);
  if (alike.length === 0) {
    return `This host has no ${kindNoun(demand.kind, 2)}: remove ${field}, or ask an admin.`;
  }
  if (right >= demand.count) {
    const together = mostTogether(demand, fitting);
    const words = requiredJoins(demand).map((join) => joinWords[join]);
    const fields = requiredJoins(demand).map((join) => `spec.gpus.${join}`);
    return `This host has ${right} such, but no more than ${together} ${words.join(" and ")}: lower ${field}.count to ${together} or less, or make ${fields.join(" and ")} preferred.`;
  }
  if (right > 0) return `This host has ${right} such at most: lower ${field}.count to ${right} or less.`;
  const offered = alike
    .filter(({ migEnabled, sharing }) => !migEnabled && sharing?.replica !== null)
    .toSorted(compareDevices);
  const kinds = groupBy(offered, (device) => describeKind(demand, [device]));
  const list = [...kinds.values()].map((same) => describeKind(demand, same)).join(", ");
  const have = list === "" ? "only GPUs in MIG mode without slices" : list;
  return `No device of this host is such; it has ${have}: change ${field}, or ask an admin.`;
}

/** `2 slices 2g.20gb (NVIDIA A100-SXM4-80GB, 20Gi)`; with the compute capability where that is asked for. */
function describeKind(demand: DeviceRequirement, alike: readonly Device[]): string {
  const [device] = alike;
  if (device === undefined) return "";
  const plural = alike.length === 1 ? "" : "s";
  const noun = describeShape(device, plural);
  const capability =
    demand.minComputeCapability === null ? "" : `, ${device.computeCapability ?? "capability unknown"}`;
  return `${alike.length} ${noun} (${device.model}, ${formatBytes(device.memoryBytes)}${capability})`;
}

function describeShape({ profile, sharing }: Device, plural: string): string {
  if (sharing !== undefined) return `time slice${plural} of a GPU that ${sharing.replicas} containers share`;
  return profile === null ? `whole GPU${plural}` : `slice${plural} ${profile}`;
}

/** How many of the devices can be had together at most. */
function mostTogether(demand: SetRequirement, devices: readonly Device[]): number {
  let count = demand.count - 1;
  while (count > 1 && !canCombine({ ...demand, count }, devices, true)) count -= 1;
  return count;
}
