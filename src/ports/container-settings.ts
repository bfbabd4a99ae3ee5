import type { FurtherSettings } from "../core/adoption/further-settings.ts";

/** Looks closer at a container than is needed for those that ds01 makes. */
export interface ContainerSettings {
  /** By id; undefined only for a definite 404. Errors as ContainerRuntime has them. */
  read(id: string, signal?: AbortSignal): Promise<FurtherSettings | undefined>;
}
