import type { ContainerSpecSpec } from "../container.ts";

/** A container that is to be run without ds01. */
export interface ExportedContainer {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: ContainerSpecSpec;
  /** UUIDs of the devices that it holds now. */
  readonly devices: readonly string[];
}

/** The GPUs to name to Docker: those it holds now, else a number of any. */
export function dockerGpus({ spec, devices }: ExportedContainer): readonly string[] | number {
  const { count = 0 } = spec.gpus ?? {};
  return count > 0 && devices.length > 0 ? devices : count;
}

/** The image to name to Docker; one that ds01 builds has the name that compose would give it. */
export function exportedImage({ namespace, name, spec }: ExportedContainer): string {
  return spec.image ?? `${namespace}-${name}`.toLowerCase().replaceAll(/[^a-z0-9._-]/g, "-");
}
