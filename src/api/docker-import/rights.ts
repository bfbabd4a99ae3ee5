import { addWish } from "./gpus.ts";
import type { ContainerDraft, Origin, WrittenSpec } from "./container-draft.ts";

type WrittenContext = NonNullable<WrittenSpec["securityContext"]>;

/** `--privileged` */
export function readPrivileged(draft: ContainerDraft, origin: Origin): void {
  setContext(draft, { privileged: true }, origin, "needs a grant");
}

/** `--read-only` */
export function readReadOnly(draft: ContainerDraft, origin: Origin): void {
  setContext(draft, { readOnlyRootFilesystem: true }, origin);
}

/** `--cap-add` and `--cap-drop`, with or without `CAP_`. */
export function readCapability(
  draft: ContainerDraft,
  how: "add" | "drop",
  text: string,
  origin: Origin,
): void {
  const name = text.toUpperCase().replace(/^CAP_/, "");
  const { capabilities = {} } = draft.spec.securityContext ?? {};
  const words = [...new Set([...(capabilities[how] ?? []), name])];
  draft.spec.securityContext = {
    ...draft.spec.securityContext,
    capabilities: { ...capabilities, [how]: words },
  };
  draft.mark(`spec.securityContext.capabilities.${how}`, origin);
}

/** `--security-opt`, with `=` or, as it was once written, `:`. */
export function readSecurityOption(draft: ContainerDraft, text: string, origin: Origin): void {
  const [name = "", value = "true"] = text.replace(":", "=").split("=", 2);
  if (name === "no-new-privileges" && value === "true") {
    setContext(draft, { allowPrivilegeEscalation: false }, origin);
  } else if (name === "seccomp" && value === "unconfined") {
    setContext(draft, { seccompProfile: { type: "Unconfined" } }, origin);
  } else if (name === "apparmor" && value === "unconfined") {
    setContext(draft, { appArmorProfile: { type: "Unconfined" } }, origin);
  } else if (name === "apparmor" && value === "docker-default") {
    setContext(draft, { appArmorProfile: { type: "RuntimeDefault" } }, origin);
  } else if (!(name === "no-new-privileges" && value === "false")) {
    draft.leaveOut(origin, "securityOption", text);
  }
}

/** `--device HOSTPATH[:PATH][:rwm]`, or a device of a CDI file, `VENDOR/CLASS=NAME`. */
export function readDevice(draft: ContainerDraft, text: string, origin: Origin): void {
  const cdi = /^([a-z0-9][a-z0-9.-]*\/[A-Za-z0-9][\w.-]*)=(.+)$/.exec(text);
  if (cdi !== null) return addCdiDevice(draft, cdi[1] ?? "", cdi[2] ?? "", origin);
  const [hostPath = "", ...rest] = text.split(":");
  if (hostPath.startsWith("/dev/nvidia")) return addGpuNode(draft, hostPath, origin);
  if (/^\/dev\/(?:accel|vfio\/)\d+$/.test(hostPath)) return addAccelerator(draft, "tpu", origin);
  if (hostPath === "/dev/vfio/vfio" || hostPath === "/dev/vfio")
    return addAccelerator(draft, "tpu", origin, 0);
  if (/^\/dev\/(?:kfd|dri)(?:\/|$)/.test(hostPath)) return draft.leaveOut(origin, "graphics", text);
  const permissions = rest.find((part, index) => index === rest.length - 1 && /^[rwm]{1,3}$/.test(part));
  const containerPath = rest.find((part) => part !== permissions);
  const devices = draft.spec.devices ?? [];
  draft.mark(`spec.devices[${devices.length}]`, origin);
  draft.mark(`spec.devices[${devices.length}].hostPath`, origin, "a quota must grant it");
  draft.spec.devices = [
    ...devices,
    {
      hostPath,
      ...(containerPath === undefined || containerPath === hostPath ? {} : { containerPath }),
      ...(permissions === undefined ? {} : { permissions: inOrder(permissions) }),
    },
  ];
}

/** A GPU by its node; the nodes of the driver itself come with any GPU. */
function addGpuNode(draft: ContainerDraft, path: string, origin: Origin): void {
  const index = /^\/dev\/nvidia(\d+)$/.exec(path)?.[1];
  if (index === undefined) return draft.leaveOut(origin, "gpuNodes", path);
  addNamedGpu(draft, index, origin);
}

function addCdiDevice(draft: ContainerDraft, kind: string, device: string, origin: Origin): void {
  if (kind !== "nvidia.com/gpu") return addAccelerator(draft, kind, origin);
  if (device === "all") addWish(draft, "all", origin);
  else addNamedGpu(draft, device, origin);
}

/** One after the other they are one wish. */
function addNamedGpu(draft: ContainerDraft, device: string, origin: Origin): void {
  const index = draft.gpuWishes.findIndex(
    ({ layer, devices }) => layer === draft.layer && Array.isArray(devices),
  );
  const known = draft.gpuWishes[index];
  if (known === undefined || typeof known.devices !== "object") return addWish(draft, [device], origin);
  draft.gpuWishes[index] = { ...known, devices: [...known.devices, device] };
}

function addAccelerator(draft: ContainerDraft, kind: string, origin: Origin, amount = 1): void {
  const known = draft.accelerators.get(kind);
  draft.accelerators.set(kind, { count: (known?.count ?? 0) + amount, origin: known?.origin ?? origin });
}

function setContext(draft: ContainerDraft, part: WrittenContext, origin: Origin, comment?: string): void {
  draft.spec.securityContext = { ...draft.spec.securityContext, ...part };
  for (const field of Object.keys(part)) draft.mark(`spec.securityContext.${field}`, origin, comment);
}

/** Docker takes them in any order. */
function inOrder(permissions: string): string {
  return ["r", "w", "m"].filter((one) => permissions.includes(one)).join("");
}
