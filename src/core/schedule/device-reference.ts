import type { Device } from "./device.ts";

const nothing: readonly string[] = ["", "none", "void"];

/**
 * The devices that a name given to Docker stands for: an index, a slot (`0:1`), a UUID or the start of one, a
 * CDI name (`nvidia.com/gpu=0`), or `all`. Undefined when it names nothing that is here.
 */
export function resolveReference(written: string, devices: readonly Device[]): readonly Device[] | undefined {
  const own = devices.filter(({ uuid }) => uuid === written.trim());
  if (own.length > 0) return own;
  const [, kind, id = ""] = /^(?:([^=]*)=)?(.*)$/.exec(written.trim()) ?? [];
  if (kind !== undefined && !kind.startsWith("nvidia.com/")) {
    const alike = devices.filter((device) => device.kind === kind);
    return id === "all" && alike.length > 0 ? alike : undefined;
  }
  if (nothing.includes(id)) return [];
  if (id === "all") return devices.filter((device) => device.kind === undefined);
  const slot = id.replace(/^(?:gpu|mig)(?=\d)/, "");
  const bySlot = devices.filter((device) => device.slot === slot);
  if (bySlot.length > 0) return bySlot;
  const lower = id.toLowerCase();
  const exact = devices.filter((device) => device.uuid.toLowerCase() === lower);
  if (exact.length > 0) return exact;
  if (!/^(?:GPU|MIG)-[0-9a-f]/i.test(id)) return undefined;
  const byPrefix = devices.filter((device) => device.uuid.toLowerCase().startsWith(lower));
  return byPrefix.length > 0 ? byPrefix : undefined;
}
