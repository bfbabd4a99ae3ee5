import type { ContainerSpecSpec } from "../../api/container.ts";
import type { GpuRequest } from "../../api/gpu-request.ts";

/** What a spec asks for, whatever kind of device it is. */
export type WantedDevices = GpuRequest & { readonly kind?: string };

/** The devices a spec asks for; undefined when it asks for none. */
export function wantedDevices({
  gpus,
  accelerators,
}: Pick<ContainerSpecSpec, "gpus" | "accelerators">): WantedDevices | undefined {
  const wanted = gpus ?? accelerators;
  return wanted === undefined || wanted.count === 0 ? undefined : wanted;
}

/** `GPU`, or the kind of another device. */
export function kindNoun(kind: string | undefined, count = 1): string {
  if (kind === undefined) return count === 1 ? "GPU" : "GPUs";
  return count === 1 ? `device ${kind}` : `devices ${kind}`;
}
