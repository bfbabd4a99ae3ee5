import type { Device } from "./device.ts";
import { physicalUuid } from "./device-order.ts";

/** Ways over PCIe, worst first, with their scores: two sockets, one socket, one host bridge, switches, one switch, one board. */
export const pathScores = { SYS: 10, NODE: 20, PHB: 30, PXB: 40, PIX: 50, PSB: 60 } as const;

/** The best way from one GPU to another, as `nvidia-smi topo -m` names it: `NV12` is twelve bonded NVLinks. */
export type DeviceLink = keyof typeof pathScores | `NV${number}`;

/** How good a way is: an NVLink counts 100 each, more than any way over PCIe. */
export function linkScore(link: DeviceLink): number {
  return isNvlink(link) ? 100 * Number(link.slice(2)) : pathScores[link];
}

/** The way between two GPUs, or between those that two slices are cut from; null when unknown or the same GPU. */
export function linkBetween(left: Device, right: Device): DeviceLink | null {
  return left.links?.[physicalUuid(right)] ?? right.links?.[physicalUuid(left)] ?? null;
}

/** Ways in which a request may want its devices joined. */
export const joins = ["nvlink", "sameBoard"] as const;
export type Join = (typeof joins)[number];

/**
 * Whether two devices are joined so; null when their topology is unknown. Slices have no NVLink; slices of one
 * GPU are on the same board, and so are GPUs that one PCIe switch or an NVLink joins.
 */
export function isJoined(join: Join, left: Device, right: Device): boolean | null {
  const isSliced = left.profile !== null || right.profile !== null;
  if (join === "nvlink" && isSliced) return false;
  if (physicalUuid(left) === physicalUuid(right)) return true;
  const link = linkBetween(left, right);
  if (link === null) return null;
  return isNvlink(link) || (join === "sameBoard" && linkScore(link) >= pathScores.PIX);
}

function isNvlink(link: DeviceLink): link is `NV${number}` {
  return link.startsWith("NV");
}
