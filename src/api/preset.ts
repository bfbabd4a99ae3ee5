import { z } from "zod";
import { Environment } from "./environment.ts";
import { ObjectName } from "./fields.ts";
import { MountPath } from "./path-fields.ts";
import { HostPathVolume } from "./volume.ts";

/** Where presets keep their files: in directories of the host, or in named volumes. */
export const VolumeMode = z.enum(["host", "named"]);
export type VolumeMode = z.infer<typeof VolumeMode>;

/** A path of the host in which `{user}` stands for the user and `{home}`, at its beginning, for the home directory. */
const PathTemplate = z
  .string()
  .regex(
    /^(?:\/|\{home\}(?:\/|$))(?![^]*(?:^|\/)\.\.(?:\/|$))[^{}]*(?:\{user\}[^{}]*)*$/,
    'an absolute path without "..", or one that begins with {home}; {user} may stand in it',
  );

/** A preset in the configuration; what is absent is as in the preset of that name that ds01 brings. */
export const ConfiguredPreset = z.strictObject({
  mountPath: MountPath.optional().describe("Where it appears inside the container."),
  readOnly: z.boolean().optional().describe("Mount it read-only; false."),
  mode: VolumeMode.optional().describe("Where this one keeps its files, whatever volumes.mode says."),
  hostPath: z
    .strictObject({ path: PathTemplate, type: HostPathVolume.shape.type })
    .optional()
    .describe("Its directory on the host; {home} and {user} stand for those of the owner."),
  volume: ObjectName.optional().describe("Its named volume; called as the preset unless told."),
  env: Environment.optional().describe("Variables that go with it; those of the spec come first."),
});
export type ConfiguredPreset = z.infer<typeof ConfiguredPreset>;

/** `spec` of a Preset: what a spec gets that names it. Made by ds01 from its configuration. */
export const PresetSpec = z.object({
  mountPath: z.string().describe("Where it appears inside the container."),
  readOnly: z.boolean().describe("Whether it is mounted read-only."),
  mode: VolumeMode.describe("Whether its files lie in a directory of the host or in a named volume."),
  source: z
    .string()
    .describe("The directory, or the volume of the owner; {home} and {user} are the owner's."),
  env: z.array(z.string()).describe("Names of the variables that go with it."),
});
export type PresetSpec = z.infer<typeof PresetSpec>;
