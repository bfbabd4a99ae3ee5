import { commaSeparated, meantText } from "./docker-values.ts";
import type { ContainerDraft, GpuWish, Origin } from "./container-draft.ts";

/** What an import says where Docker would pass in all GPUs of the host. */
export interface GpuChoice {
  readonly allGpus: number;
}

const requestKeys = ["driver", "count", "device", "capabilities", "options"];

/** `--gpus all|N|device=...|count=...,capabilities=...`, comma-separated as Docker reads it. */
export function readGpuRequest(draft: ContainerDraft, text: string, origin: Origin): void {
  const fields = commaSeparated(text);
  if (fields === undefined) return draft.problem(origin, `the quotes in ${text} do not match`);
  const values = new Map<string, string>();
  for (const field of fields) {
    const [name, value] = keyAndValue(field);
    if (!requestKeys.includes(name)) {
      return draft.problem(origin, `"${name}" is unknown here${meantText(name, requestKeys)}`);
    }
    if (values.has(name) || (name === "count" && values.has("device"))) {
      return draft.problem(
        origin,
        `Docker reads several values here; of several devices write --gpus '"device=0,1"', with both quotes`,
      );
    }
    values.set(name, value);
  }
  const device = values.get("device");
  const count = values.get("count");
  if (device !== undefined && count !== undefined) {
    return draft.problem(origin, "count and device exclude each other; Docker refuses the two together");
  }
  if (values.has("options")) draft.leaveOut(origin, "gpuOptions", values.get("options"));
  addCapabilities(draft, (values.get("capabilities") ?? "").split(","), origin);
  if (device !== undefined) addWish(draft, deviceList(device), origin);
  else addCount(draft, count ?? "1", origin);
}

/** `all`, `-1` or a number. */
export function addCount(draft: ContainerDraft, count: string, origin: Origin): void {
  if (/^(?:all|-1)$/i.test(count)) addWish(draft, "all", origin);
  else if (/^\d+$/.test(count)) addWish(draft, Number(count), origin);
  else draft.problem(origin, `"${count}" is not a number of GPUs; write all, a number, or device=...`);
}

/** Adds a wish. */
export function addWish(draft: ContainerDraft, devices: GpuWish["devices"], origin: Origin): void {
  draft.gpuWishes.push({ devices, origin, layer: draft.layer });
}

/** Parts of the driver that are wanted beside the GPU itself; NVIDIA's runtime knows them by a variable. */
export function addCapabilities(draft: ContainerDraft, words: readonly string[], origin: Origin): void {
  const parts = words.filter((word) => !["", "gpu", "nvidia"].includes(word));
  if (parts.length === 0 || draft.environment.has(driverCapabilities)) return;
  draft.environment.set(driverCapabilities, { value: parts.join(","), origin });
}

const driverCapabilities = "NVIDIA_DRIVER_CAPABILITIES";

/** What a list of devices names: `all`, some of them, or 0 for none. */
export function deviceList(text: string): GpuWish["devices"] {
  const devices = text.split(",").map((device) => device.trim());
  if (devices.includes("all")) return "all";
  const named = devices.filter((device) => !["", "none", "void"].includes(device));
  return named.length === 0 ? 0 : [...new Set(named)];
}

/** Settles how many GPUs to ask for: of flags first, then of what NVIDIA's runtime would have passed in. */
export function finishGpus(draft: ContainerDraft, { allGpus }: GpuChoice): void {
  const last = Math.max(...draft.gpuWishes.map(({ layer = 0 }) => layer));
  const [first, ...others] = draft.gpuWishes.filter(({ layer = 0 }) => layer === last);
  for (const other of others) draft.leaveOut(other.origin, "secondGpus");
  const wish = first ?? wishOfRuntime(draft);
  const { visibleDevices } = draft;
  if (visibleDevices !== null && wish?.origin !== visibleDevices.origin && visibleDevices.devices !== 0) {
    draft.leaveOut(visibleDevices.origin, "reserved", "NVIDIA_VISIBLE_DEVICES");
  }
  if (wish === undefined || wish.devices === 0) return finishAccelerators(draft);
  const { devices, origin } = wish;
  if (devices === "all") {
    ask(draft, allGpus, origin, "all of the host there; a container of ds01 holds its GPUs alone");
    const message = `all GPUs of the host become ${allGpus}: ds01 gives GPUs to one container alone (--all-gpus N asks for another number)`;
    draft.changed(origin, message);
  } else if (typeof devices === "number") ask(draft, devices, origin);
  else {
    ask(draft, devices.length, origin, "ds01 chooses which");
    const slices = devices.some((device) => /^(?:MIG-.*|\d+:\d+)$/.test(device));
    if (slices) draft.spec.gpus = { count: devices.length, allowMig: true };
    const which = `${devices.join(", ")} becomes ${devices.length} of those that are free: ds01 chooses which`;
    const slice = "; where it must be a slice of one kind, name its profile (spec.gpus.profile)";
    draft.changed(origin, `${which}${slices ? slice : ""}`);
  }
  if (draft.accelerators.size > 0) finishAccelerators(draft);
}

function ask(draft: ContainerDraft, count: number, origin: Origin, comment?: string): void {
  draft.spec.gpus = { count };
  draft.mark("spec.gpus", origin);
  draft.mark("spec.gpus.count", origin, comment);
}

/** NVIDIA's runtime passes in what a variable names, which most CUDA images set to all. */
function wishOfRuntime(draft: ContainerDraft): GpuWish | undefined {
  const { runtime, visibleDevices } = draft;
  if (visibleDevices !== null) return visibleDevices;
  return runtime?.name === "nvidia" ? { devices: "all", origin: runtime.origin } : undefined;
}

function finishAccelerators(draft: ContainerDraft): void {
  const [first, ...others] = draft.accelerators;
  if (first === undefined) return;
  const [kind, { count, origin }] = first;
  draft.spec.accelerators = { kind, count };
  draft.mark("spec.accelerators", origin);
  for (const [, other] of others) {
    draft.problem(other.origin, `a container holds devices of one kind, and ${kind} is asked for already`);
  }
}

function keyAndValue(field: string): readonly [string, string] {
  const equals = field.indexOf("=");
  return equals === -1 ? ["count", field] : [field.slice(0, equals), field.slice(equals + 1)];
}
