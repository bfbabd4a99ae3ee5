import type { HostPathType } from "../../api/volume.ts";
import type { ConfiguredPreset, VolumeMode } from "../../api/preset.ts";

/** A mount with its variables under a name, as it holds on this host. */
export interface Preset {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly: boolean;
  /** Where its files lie now. */
  readonly mode: VolumeMode;
  /** null: it has no directory, and lies in a named volume always. */
  readonly hostPath: { readonly path: string; readonly type: HostPathType } | null;
  /** Name of its volume among those of its owner. */
  readonly volume: string;
  readonly env: readonly { readonly name: string; readonly value: string }[];
}

/** How volumes are named and where presets keep their files. */
export interface VolumeSettings {
  /** Begins the engine's names of volumes. */
  readonly prefix: string;
  readonly presets: readonly Preset[];
  /** Where the paths of spec files begin. */
  readonly specsRoot: string;
  /** The same for sources that begin elsewhere, by name. */
  readonly sourceRoots?: Readonly<Record<string, string>>;
  /** Where secrets are mounted from; absent: nowhere, as the engine runs on another machine. */
  readonly secretsRoot?: string;
}

/** Where the paths of the spec files of a source begin. */
export function rootOfSource({ specsRoot, sourceRoots = {} }: VolumeSettings, source: string): string {
  return sourceRoots[source] ?? specsRoot;
}

/** What the names of volumes begin with unless the configuration says otherwise. */
export const defaultVolumePrefix = "ds01-";

type BuiltIn = Pick<Preset, "name" | "mountPath" | "env"> & { readonly directory: string };

const plain = (name: string): BuiltIn => {
  return { name, mountPath: `/${name}`, directory: `{home}/${name}`, env: [] };
};

/** Where Hugging Face's libraries look: HF_HOME, else below HOME (huggingface_hub, "Environment variables"). */
const cachePath = "/home/user/.cache/huggingface";

const builtIn: readonly BuiltIn[] = [
  ...["workspace", "datasets", "models", "checkpoints", "logs", "results"].map(plain),
  {
    name: "huggingface-cache",
    mountPath: cachePath,
    directory: "{home}/.cache/huggingface",
    env: [
      { name: "HF_HOME", value: cachePath },
      { name: "HOME", value: "/home/user" },
    ],
  },
];

/** What a new preset of the configuration lacks: a place in the container. */
export function presetWithoutPlace(
  configured: Readonly<Record<string, ConfiguredPreset>>,
): string | undefined {
  const known = builtIn.map(({ name }) => name);
  return Object.keys(configured).find((name) => {
    return !known.includes(name) && configured[name]?.mountPath === undefined;
  });
}

/**
 * The presets that ds01 brings, as the configuration changes and adds to them. Unless it says otherwise their files lie
 * in named volumes: a directory of the host in everybody's containers is for an admin to allow.
 */
export function presetsOf(
  configured: Readonly<Record<string, ConfiguredPreset>>,
  mode: VolumeMode = "named",
): readonly Preset[] {
  const own = builtIn.map(({ name }) => name);
  const added = Object.keys(configured).filter((name) => !own.includes(name));
  return [...own, ...added.toSorted()].flatMap((name) => presetOf(name, configured[name] ?? {}, mode) ?? []);
}

function presetOf(name: string, changed: ConfiguredPreset, mode: VolumeMode): Preset | undefined {
  const base = builtIn.find((one) => one.name === name);
  const mountPath = changed.mountPath ?? base?.mountPath;
  if (mountPath === undefined) return undefined;
  const { readOnly = false, volume = name, env = base?.env ?? [] } = changed;
  const hostPath = directoryOf(changed, base);
  const wanted = changed.mode ?? mode;
  return { name, mountPath, readOnly, mode: hostPath === null ? "named" : wanted, hostPath, volume, env };
}

function directoryOf({ hostPath }: ConfiguredPreset, base: BuiltIn | undefined): Preset["hostPath"] {
  const path = hostPath?.path ?? base?.directory;
  return path === undefined ? null : { path, type: hostPath?.type ?? "DirectoryOrCreate" };
}

/** As without a configuration. */
export const defaultVolumes: VolumeSettings = {
  prefix: defaultVolumePrefix,
  presets: presetsOf({}),
  specsRoot: "/srv/ds01/specs",
  secretsRoot: "/run/ds01/secrets",
};
