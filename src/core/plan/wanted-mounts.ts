import type { ContainerSpecSpec } from "../../api/container.ts";
import { labels } from "../../api/names.ts";
import type { Volume } from "../../api/volume.ts";
import { parseBytes } from "../../util/quantity.ts";
import type { ObservedMount } from "../observed.ts";
import { defaultVolumePrefix } from "../presets/preset.ts";
import { sanitizedUser } from "./container-name.ts";
import type { WantedVolume } from "./desired-container.ts";
import { plainPath } from "./plain-path.ts";

/** Whose volumes they are, and how the engine calls them. */
export interface VolumeOwner {
  readonly prefix?: string | undefined;
  readonly namespace: string;
  readonly instance: string;
}

/**
 * Name at the engine of a user's volume: `ds01-models._.alice`. A volume's name has no `_`, so two owners or two
 * volumes never share one.
 */
export function engineVolumeName({ prefix, namespace }: VolumeOwner, name: string): string {
  return `${prefix ?? defaultVolumePrefix}${name}._.${sanitizedUser(namespace)}`;
}

/** What of the spec is mounted, with paths as the engine keeps them. */
export function wantedMounts(spec: ContainerSpecSpec, owner: VolumeOwner): readonly ObservedMount[] {
  return (spec.volumes ?? []).flatMap((volume) => wantedMount(volume, owner));
}

/** The engine's volumes that the spec names, each once. */
export function wantedVolumes(spec: ContainerSpecSpec, owner: VolumeOwner): readonly WantedVolume[] {
  const names = new Set((spec.volumes ?? []).flatMap(({ namedVolume }) => namedVolume?.name ?? []));
  return [...names].map((name) => ({
    name: engineVolumeName(owner, name),
    labels: {
      [labels.managed]: "true",
      [labels.user]: owner.namespace,
      [labels.volume]: name,
      [labels.instance]: owner.instance,
    },
  }));
}

function wantedMount(volume: Volume, owner: VolumeOwner): readonly ObservedMount[] {
  const { hostPath, namedVolume, tmpfs, readOnly } = volume;
  const target = plainPath(volume.mountPath);
  if (hostPath !== undefined) return [{ type: "bind", source: plainPath(hostPath.path), target, readOnly }];
  if (namedVolume !== undefined) {
    return [{ type: "volume", source: engineVolumeName(owner, namedVolume.name), target, readOnly }];
  }
  if (tmpfs === undefined) return [];
  const { sizeLimit, mode } = tmpfs;
  const sizeBytes = sizeLimit === undefined ? null : (parseBytes(sizeLimit) ?? null);
  return [
    {
      type: "tmpfs",
      target,
      readOnly,
      sizeBytes,
      mode: mode === undefined ? null : Number.parseInt(mode, 8),
    },
  ];
}
