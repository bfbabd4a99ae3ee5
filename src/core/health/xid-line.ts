/** An error line of the NVIDIA driver. */
export interface XidLine {
  readonly code: number;
  /** PCI address as `normalBusId` writes it. */
  readonly busId: string;
  /** Id of the GPU instance (MIG) that it is about; null for the whole GPU. */
  readonly gpuInstance: number | null;
}

const pattern = /NVRM: Xid \(PCI:([0-9a-f:.]+)(?: GPU-I:(\d+))?[^)]*\): (\d+)\b/i;

/** The XID that a line of the kernel log tells of; undefined when it tells of none. */
export function parseXidLine(text: string): XidLine | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, busId = "", instance, code] = match;
  return {
    code: Number(code),
    busId: normalBusId(busId),
    gpuInstance: instance === undefined ? null : Number(instance),
  };
}

/** `0000:0f:00` of `00000000:0F:00.0`, `0000:0f:00.0` and `PCI:0000:0f:00`: kernel and nvidia-smi differ. */
export function normalBusId(busId: string): string {
  const parts = busId
    .toLowerCase()
    .replace(/^pci:/, "")
    .replace(/\.[0-9a-f]+$/, "")
    .split(":");
  const [domain = "", bus = "", device = ""] = parts.length === 2 ? ["0000", ...parts] : parts;
  return `${domain.slice(-4).padStart(4, "0")}:${bus}:${device}`;
}
