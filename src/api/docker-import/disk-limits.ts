import type { IoDevice, IoRateName } from "../block-io.ts";
import type { ContainerDraft, Origin } from "./container-draft.ts";
import { dockerBytes, exactQuantity } from "./docker-values.ts";

/** `--device-read-bps PATH:RATE` and the like. */
export function readDiskLimit(draft: ContainerDraft, rate: IoRateName, text: string, origin: Origin): void {
  const colon = text.lastIndexOf(":");
  if (colon < 1) return draft.problem(origin, `"${text}" is no limit of a disk; write PATH:RATE`);
  setDiskLimit(draft, rate, { path: text.slice(0, colon), amount: text.slice(colon + 1) }, origin);
}

/** Limits one disk; 0 is no limit. */
export function setDiskLimit(
  draft: ContainerDraft,
  rate: IoRateName,
  { path, amount }: { readonly path: string; readonly amount: string },
  origin: Origin,
): void {
  const isBytes = rate.endsWith("BytesPerSecond");
  const count = isBytes ? dockerBytes(amount) : /^\d+$/.test(amount) ? Number(amount) : undefined;
  if (count === undefined)
    return draft.problem(origin, `"${amount}" is no rate; write it as in ${isBytes ? "10mb" : "1000"}`);
  if (count === 0) return draft.leaveOut(origin, "noLimit", amount);
  const { io = {} } = draft.spec.resources ?? {};
  const devices: readonly IoDevice[] = io.devices ?? [];
  const known = devices.find((device) => device.path === path);
  const device: IoDevice = { ...known, path, [rate]: isBytes ? exactQuantity(count) : count };
  const others = devices.filter((other) => other !== known);
  draft.spec.resources = { ...draft.spec.resources, io: { ...io, devices: [...others, device] } };
  draft.mark("spec.resources.io", origin);
}

/** `--blkio-weight`; 0 is none. */
export function readDiskWeight(draft: ContainerDraft, text: string, origin: Origin): void {
  if (!/^\d+$/.test(text)) return draft.problem(origin, `"${text}" is not a whole number`);
  if (Number(text) === 0) return draft.leaveOut(origin, "noLimit", text);
  const { io = {} } = draft.spec.resources ?? {};
  draft.spec.resources = { ...draft.spec.resources, io: { ...io, weight: Number(text) } };
  draft.mark("spec.resources.io.weight", origin);
}
