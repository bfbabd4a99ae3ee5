import type { ContainerSpecSpec } from "../../api/container.ts";
import { labels } from "../../api/names.ts";
import { indexVariables } from "../jobs/index-variables.ts";
import { parseDuration } from "../../util/duration.ts";
import { homeDirectory, supplementaryGroups } from "../account/owner-account.ts";
import { secretMounts, wantedSecrets } from "../given-files/secrets.ts";
import type { ObservedMount } from "../observed.ts";
import { defaultVolumes } from "../presets/preset.ts";
import { keptRates } from "../quota/block-io.ts";
import { keeps } from "../quota/engine-limits.ts";
import type { EffectiveLimits } from "../quota/limits.ts";
import type { Attachment, Device } from "../schedule/device.ts";
import type { Injection } from "../schedule/injection.ts";
import { sliceLabel } from "../schedule/given-devices.ts";
import type { World } from "../world.ts";
import type { ExpandedSpec } from "../presets/expand.ts";
import { containerName } from "./container-name.ts";
import { wantedProcess } from "./container-process.ts";
import { wantedSecurity } from "./container-security.ts";
import type { DesiredContainer } from "./desired-container.ts";
import { plainPath } from "./plain-path.ts";
import { specHash } from "./spec-hash.ts";
import { wantedMounts, wantedVolumes } from "./wanted-mounts.ts";

/**
 * The container as it should be now, with what its presets bring, holding exactly `devices`, which come in as `made` says or else as is best now.
 * `now` goes into the allocation label only.
 */
export function buildDesired(
  world: World,
  { written, spec, hash }: Pick<ExpandedSpec, "written" | "spec" | "hash">,
  chosen: {
    readonly limits: EffectiveLimits;
    readonly devices: readonly Device[];
    readonly now: number;
    readonly made?: Injection;
  },
): DesiredContainer {
  const attachment = world.attach(chosen.devices, chosen.made);
  const { record } = world;
  const { cannotLimit } = chosen.limits;
  const volumesOf = {
    prefix: world.volumes?.prefix,
    namespace: record.namespace,
    instance: world.instance,
  };
  return {
    name: containerName(record.namespace, record.name),
    image: spec.image ?? world.imageReference ?? "",
    entrypoint: someWords(spec.command),
    command: someWords(spec.args),
    workingDir: spec.workingDir === undefined ? null : plainPath(spec.workingDir),
    environment: { ...writtenEnvironment(spec), ...indexVariables(record), ...attachment.environment },
    ...runsAs(spec, world),
    mounts: [...wantedMounts(spec, volumesOf), ...ownSecretMounts(world, spec)],
    volumes: wantedVolumes(spec, volumesOf),
    ports: (spec.ports ?? []).map((port) => ({
      containerPort: port.containerPort,
      hostPort: port.hostPort ?? null,
      hostIp: port.hostIP,
      protocol: port.protocol === "UDP" ? "udp" : "tcp",
    })),
    network: spec.network,
    ipc: spec.ipc,
    process: wantedProcess(spec),
    security: wantedSecurity(spec),
    cpus: chosen.limits.cpus.value,
    memoryBytes: chosen.limits.memoryBytes.value,
    memorySwapBytes: chosen.limits.memorySwapBytes.value,
    shmSizeBytes: spec.ipc === "host" ? null : chosen.limits.shmSizeBytes.value,
    pidsLimit: chosen.limits.pidsLimit.value,
    ioWeight: keeps(cannotLimit, "io.weight") ? chosen.limits.io.weight.value : null,
    ioRates: keptRates(chosen.limits).map(({ path, name, perSecond }) => ({ path, name, perSecond })),
    ulimits: chosen.limits.ulimits.map(({ name, soft, hard }) => ({ name, soft, hard })),
    cgroupParent: world.aggregate?.parent ?? null,
    stopGraceMs: parseDuration(spec.stopGracePeriod) ?? 30_000,
    attachment,
    labels: {
      ...ownLabels(world, written, { ...chosen, attachment }),
      ...(hash === null ? {} : { [labels.presets]: hash }),
    },
  };
}

function ownSecretMounts({ record, volumes }: World, spec: ContainerSpecSpec): readonly ObservedMount[] {
  return secretMounts(wantedSecrets(spec, (volumes ?? defaultVolumes).secretsRoot ?? null, record.uid));
}

function ownLabels(
  world: World,
  spec: ContainerSpecSpec,
  chosen: { readonly devices: readonly Device[]; readonly now: number; readonly attachment: Attachment },
): Record<string, string> {
  const { record } = world;
  return {
    [labels.managed]: "true",
    [labels.user]: record.namespace,
    [labels.name]: record.name,
    [labels.uid]: record.uid,
    [labels.generation]: String(record.generation),
    [labels.specHash]: specHash(spec),
    [labels.gpuUuids]: chosen.devices.map((device) => device.uuid).join(","),
    [labels.gpuSlots]: chosen.devices.map((device) => device.slot).join(","),
    ...sliceLabels(chosen.devices),
    [labels.gpuAllocated]: chosen.devices.length === 0 ? "" : new Date(chosen.now).toISOString(),
    [labels.injection]: chosen.attachment.injection,
    [labels.instance]: world.instance,
  };
}

/** Only for slices: without any, nothing is written that was not written before. */
function sliceLabels(devices: readonly Device[]): Record<string, string> {
  const slices = sliceLabel(devices);
  return slices === "" ? {} : { [labels.gpuSlices]: slices };
}

/** Docker takes an empty list as none, and the image's instead. */
function someWords(words: readonly string[] | undefined): readonly string[] | null {
  return words === undefined || words.length === 0 ? null : words;
}

function writtenEnvironment(spec: ContainerSpecSpec): Record<string, string> {
  return Object.fromEntries((spec.env ?? []).map((variable) => [variable.name, variable.value]));
}

/** Docker's notation of spec.user, with what comes with the owner; null leaves the image's user. */
function runsAs(
  { user }: ContainerSpecSpec,
  { owner }: World,
): Pick<DesiredContainer, "user" | "groups" | "home"> {
  if (user === "image") return { user: null, groups: [], home: null };
  if (user !== "owner") return { user, groups: [], home: null };
  if (owner === null) return { user: null, groups: [], home: null };
  const groups = supplementaryGroups(owner).map(({ gid }) => gid);
  return { user: `${owner.uid}:${owner.gid}`, groups, home: homeDirectory(owner) };
}
