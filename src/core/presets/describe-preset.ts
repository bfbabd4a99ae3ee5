import type { PresetSpec } from "../../api/preset.ts";
import type { Preset, VolumeSettings } from "./preset.ts";

/** A preset as people see it; values of variables are not in it. */
export function describePreset(preset: Preset, { prefix }: Pick<VolumeSettings, "prefix">): PresetSpec {
  const { mountPath, readOnly, mode, hostPath, volume, env } = preset;
  const source = mode === "host" && hostPath !== null ? hostPath.path : `${prefix}${volume}._.{user}`;
  return { mountPath, readOnly, mode, source, env: env.map(({ name }) => name) };
}
