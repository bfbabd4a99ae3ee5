import type { ContainerSpecSpec } from "../../api/container.ts";
import type { Volume } from "../../api/volume.ts";
import { canonicalJson, sha256 } from "../../util/hash.ts";
import { nearest } from "../../util/nearest.ts";
import { plainPath } from "../plan/plain-path.ts";
import type { HostPathGrant } from "../quota/host-path-grant.ts";
import type { World } from "../world.ts";
import { defaultVolumes, type Preset } from "./preset.ts";

/** Whose presets they are; `home` is null where the host does not know the user. */
export interface PresetOwner {
  readonly namespace: string;
  readonly home: string | null;
}

/** The presets that a decision knows. */
export function presetsIn({ volumes }: Pick<World, "volumes">): readonly Preset[] {
  return (volumes ?? defaultVolumes).presets;
}

/** The owner as a decision knows them. */
export function presetOwner({ record, owner }: Pick<World, "record" | "owner">): PresetOwner {
  return { namespace: record.namespace, home: owner?.home ?? null };
}

/** A spec with the mounts and variables of its presets. */
export interface ExpandedSpec {
  readonly spec: ContainerSpecSpec;
  /** As its owner wrote it. */
  readonly written: ContainerSpecSpec;
  /** Of what the presets brought, to tell a container that was made with others; null where none are named. */
  readonly hash: string | null;
  /** Why it cannot be expanded; null when it can. */
  readonly problem: PresetProblem | null;
}

export interface PresetProblem {
  readonly reason: "UnknownPreset" | "UnknownUser";
  /** What follows the name of the object. */
  readonly message: string;
}

/**
 * Puts the presets that a spec names into its volumes and variables. What the spec says itself goes before: at the same
 * mountPath its volume, of the same name its variable; of two presets the later.
 */
export function expandPresets(
  spec: ContainerSpecSpec,
  presets: readonly Preset[],
  owner: PresetOwner,
): ExpandedSpec {
  const { presets: names = [] } = spec;
  if (names.length === 0) return { spec, written: spec, hash: null, problem: null };
  const known = names.flatMap((name) => presets.find((preset) => preset.name === name) ?? []);
  const problem =
    unknownPreset(names, presets) ?? (owner.home === null ? withoutHome(known, owner.namespace) : null);
  if (problem !== null) return { spec, written: spec, hash: null, problem };
  const volumes = known.map((preset) => presetVolume(preset, owner));
  const variables = new Map(known.flatMap(({ env }) => env).map(({ name, value }) => [name, value]));
  for (const { name } of spec.env ?? []) variables.delete(name);
  const brought = {
    volumes: withoutRepeated([...(spec.volumes ?? []), ...volumes.toReversed()]).slice(
      (spec.volumes ?? []).length,
    ),
    env: [...variables].map(([name, value]) => ({ name, value })),
  };
  return {
    spec: {
      ...spec,
      volumes: [...(spec.volumes ?? []), ...brought.volumes],
      env: [...(spec.env ?? []), ...brought.env],
    },
    written: spec,
    hash: `v1:${sha256(canonicalJson(brought))}`,
    problem: null,
  };
}

/** Places on the host that presets are kept in, as far as only an admin can have made them: these lead where they should. */
export function presetAnchors(presets: readonly Preset[], owner: PresetOwner): readonly string[] {
  const anchors = presets.flatMap((preset) => placeOf(preset, owner)?.anchor ?? []);
  return [...new Set(anchors)];
}

/**
 * Directories that presets grant to everybody, as an admin has defined them. A link below the anchor is not followed:
 * the user may have put it there.
 */
export function presetGrants(
  presets: readonly Preset[],
  owner: PresetOwner,
  realPathOf: (path: string) => string | undefined,
): readonly HostPathGrant[] {
  return presets.flatMap((preset): readonly HostPathGrant[] => {
    const place = placeOf(preset, owner);
    if (place === null) return [];
    const { anchor, below } = place;
    const { readOnly } = preset;
    return [anchor, realPathOf(anchor) ?? anchor].map((root) => ({ path: join(root, below), readOnly }));
  });
}

function unknownPreset(names: readonly string[], presets: readonly Preset[]): PresetProblem | null {
  const known = presets.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return null;
  const meant = nearest(unknown, known);
  const hint = meant === undefined ? `there are ${known.join(", ")}` : `did you mean "${meant}"?`;
  return { reason: "UnknownPreset", message: `names preset "${unknown}", which is not known: ${hint}` };
}

function withoutHome(presets: readonly Preset[], namespace: string): PresetProblem | null {
  const lost = presets.find(({ mode, hostPath }) => mode === "host" && hostPath?.path.startsWith("{home}"));
  if (lost === undefined) return null;
  return {
    reason: "UnknownUser",
    message: `has preset ${lost.name} in a home directory; this host has no user "${namespace}": add the account or leave the preset out`,
  };
}

function presetVolume(preset: Preset, owner: PresetOwner): Volume {
  const { name, mountPath, readOnly, volume } = preset;
  const mount = { name: `preset ${name}`, mountPath, readOnly };
  const place = placeOf(preset, owner);
  if (place === null || preset.hostPath === null) return { ...mount, namedVolume: { name: volume } };
  return { ...mount, hostPath: { path: join(place.anchor, place.below), type: preset.hostPath.type } };
}

/**
 * Where a preset lies on the host: down to the user's own directory, which an admin has made, and what is below. null
 * where it does not lie on the host.
 */
function placeOf(
  { mode, hostPath }: Preset,
  { namespace, home }: PresetOwner,
): { readonly anchor: string; readonly below: string } | null {
  if (mode !== "host" || hostPath === null) return null;
  const { path } = hostPath;
  if (path.startsWith("{home}")) {
    if (home === null) return null;
    return { anchor: plainPath(home), below: path.slice("{home}".length).replaceAll("{user}", namespace) };
  }
  const parts = path.split("/");
  const last = parts.findLastIndex((part) => part.includes("{user}"));
  // Without a user in it nothing of it is anybody's own.
  const end = last < 0 ? parts.length : last + 1;
  const filled = parts.map((part) => part.replaceAll("{user}", namespace));
  return { anchor: filled.slice(0, end).join("/"), below: filled.slice(end).join("/") };
}

function join(root: string, below: string): string {
  return plainPath(`${root}/${below}`);
}

/** Of volumes at one place the first one. */
function withoutRepeated(volumes: readonly Volume[]): readonly Volume[] {
  const taken = new Set<string>();
  return volumes.filter(({ mountPath }) => {
    const place = plainPath(mountPath);
    if (taken.has(place)) return false;
    taken.add(place);
    return true;
  });
}
