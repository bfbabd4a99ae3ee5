import type { ContainerSpecSpec } from "../../api/container.ts";
import { labels } from "../../api/names.ts";
import { readClocks, reckoned, type ContainerClock } from "../container-clock.ts";
import { deviceUuidsOf, expiresAt, isMadeFor } from "../expiry.ts";
import type { ObservedContainer } from "../observed.ts";
import { admit, type Admission } from "../quota/admit.ts";
import { lostAccess, noTries, type LostAccess } from "../gpu-access.ts";
import { expandPresets, presetOwner, presetsIn, type ExpandedSpec } from "../presets/expand.ts";
import { keptRates } from "../quota/block-io.ts";
import { effectiveLimits } from "../quota/effective.ts";
import type { EffectiveLimits } from "../quota/limits.ts";
import { buildDesired } from "../plan/build-desired.ts";
import type { DesiredContainer } from "../plan/desired-container.ts";
import { relocationCause } from "../health/relocation.ts";
import { isLive, rolesOf, type Roles } from "../plan/roles.ts";
import { specHash } from "../plan/spec-hash.ts";
import { satisfies } from "../schedule/demands.ts";
import type { Device } from "../schedule/device.ts";
import { goneDevices, type GoneDevice } from "../schedule/given-devices.ts";
import { injections, type Injection } from "../schedule/injection.ts";
import { wantedDevices, type WantedDevices } from "../schedule/wanted-devices.ts";
import type { World } from "../world.ts";
import { builtAnew } from "./built-anew.ts";
import { limitsAction, type LimitsAction } from "./limits-action.ts";
import { memoryForGeneration } from "./memory-for-generation.ts";
import { accessCause, outdatedCause } from "./outdated-cause.ts";
import type { LifecycleMemory } from "./memory.ts";

/** The world of one object with everything derived that the rules ask about; built once a decision. */
export interface Situation {
  readonly world: World;
  readonly now: number;
  readonly memory: LifecycleMemory;
  readonly spec: ContainerSpecSpec;
  readonly specHash: string;
  /** The spec with what its presets bring. */
  readonly expanded: ExpandedSpec;
  /** What the presets of the spec stand for is another than when the primary was made: for its next start. */
  readonly presetsChanged: boolean;
  readonly limits: EffectiveLimits;
  readonly admission: Admission;
  readonly roles: Roles;
  /** What is known of the times of its containers. */
  readonly clocks: readonly ContainerClock[];
  /** Devices it holds or has just been assigned; null while it has to wait for them. */
  readonly devices: readonly Device[] | null;
  /** How the container should be; null while devices are missing. */
  readonly desired: DesiredContainer | null;
  /** Why the primary must be replaced; null when it need not be. */
  readonly outdated: string | null;
  /** The primary was made for other devices than it should have now. */
  readonly devicesChanged: boolean;
  /** Devices the primary was made for that are not there any more; empty while the GPU stack does not answer. */
  readonly gone: readonly GoneDevice[];
  /** Why the primary has to give up devices that are there: unhealthy, cordoned; null when it may keep them. */
  readonly relocation: string | null;
  readonly limitsAction: LimitsAction | null;
  /** The primary can no longer open its GPUs, and what is to be done about it; null when it can. */
  readonly access: LostAccess | null;
}

/** Derives the situation of an object whose spec has parsed at least once. */
export function situationOf(world: World, spec: ContainerSpecSpec, now: number): Situation {
  const { record } = world;
  const limits = effectiveLimits(spec, world.quota, (field) => placeInSource(world, field));
  const memory = memoryForGeneration(world, limits);
  const clocks = clocksOf(world, memory, now);
  const roles = rolesOf(record, reckoned(world.containers, clocks));
  const devices = devicesFor(world, spec);
  const hash = specHash(spec);
  const expanded = expandPresets(spec, presetsIn(world), presetOwner(world));
  const presetsChanged = isMadeWithOther(roles.primary, expanded);
  const desired = devices === null ? null : buildDesired(world, expanded, { limits, devices, now });
  const asMade =
    desired === null
      ? null
      : madeLike(roles.primary, desired, (made) =>
          buildDesired(world, expanded, { limits, devices: devices ?? [], now, made }),
        );
  const kept = roles.primary?.startedAt == null ? null : admit(world, expanded, true);
  const action = limitsAction(roles.primary, limits, { memory, now, refused: kept?.type === "refused" });
  const gone = goneOf(world, roles.primary);
  const relocation = relocationOf(world, spec, roles.primary);
  const access = lostAccess(world, spec, roles.primary, memory.accessTries ?? noTries);
  const other = devicesChanged(world, roles.primary, spec, { devices, gone, relocation });
  const cause = outdatedCause({
    world,
    roles,
    desired:
      asMade === null
        ? null
        : comparable(asMade, limits, { spec, primary: presetsChanged ? roles.primary : null }),
    memory,
    hash,
    action,
    devicesChanged: other,
    gone,
    relocation,
  });
  const rebuilt = builtAnew(world, spec, roles.primary);
  const outdated = cause ?? rebuilt ?? (gone.length === 0 ? accessCause(access, now) : null);
  return {
    world,
    now,
    memory,
    spec,
    specHash: hash,
    expanded,
    presetsChanged,
    limits,
    admission: (outdated === null ? kept : null) ?? admit(world, expanded),
    roles,
    clocks,
    devices,
    desired,
    outdated,
    devicesChanged: other,
    gone,
    relocation,
    limitsAction: action,
    access,
  };
}

/** While the engine does not answer, what is not seen is not gone. */
function clocksOf(
  { containers, clock, engineReady }: World,
  { clocks = [] }: LifecycleMemory,
  now: number,
): readonly ContainerClock[] {
  return engineReady ? readClocks(clocks, containers, clock, now) : clocks;
}

/** `users/alice/train.yaml:9` of a spec field, or just the path where the field's line is not known. */
export function placeInSource(world: World, field: string): string {
  const { path, positions } = world.record.source;
  const position = positions[field];
  return position === undefined ? path : `${path}:${position.line}`;
}

/** True when a container of this spec was tried and rolled back: it is not tried again until an edit. */
export function isRolledBack({ memory, specHash: hash }: Situation): boolean {
  return memory.rolledBack?.specHash === hash;
}

/** When the container that runs reaches its maxRuntime; null when none runs or it never does. */
export function deadlineOf({ world, roles, memory, limits }: Situation): number | null {
  if (roles.primary === null || !isLive(roles.primary)) return null;
  return expiresAt(roles.primary, { memory, generation: world.record.generation }, limits);
}

function devicesFor(world: World, spec: ContainerSpecSpec): readonly Device[] | null {
  const wanted = wantedDevices(spec);
  if (wanted === undefined) return [];
  if (world.schedule !== null) return world.schedule.type === "assigned" ? world.schedule.devices : null;
  if (world.claim === null) return null;
  return world.claim.deviceUuids.map(
    (uuid) => world.devices.find((device) => device.uuid === uuid) ?? unknownDevice(uuid, wanted),
  );
}

function goneOf({ gpuStackReady, devices }: World, primary: ObservedContainer | null): readonly GoneDevice[] {
  return primary === null || !gpuStackReady ? [] : goneDevices(primary, devices);
}

/** A device that is held but not listed now: running work keeps it, nobody else gets it. */
function unknownDevice(uuid: string, { kind, profile }: WantedDevices): Device {
  return {
    uuid,
    ...(kind === undefined ? {} : { kind }),
    slot: "?",
    index: -1,
    model: "unknown",
    memoryBytes: 0,
    computeCapability: null,
    profile: profile ?? null,
    parentUuid: null,
    gpuEquivalents: 1,
    migEnabled: false,
    healthy: false,
    unhealthyReason: "not listed by the GPU stack",
    links: null,
  };
}

/** That the engine offers another way by now is no reason to replace what was made in an earlier one (I6). */
function madeLike(
  primary: ObservedContainer | null,
  desired: DesiredContainer,
  build: (made: Injection) => DesiredContainer,
): DesiredContainer {
  const made = injections.find((word) => word === primary?.labels[labels.injection]);
  return made === undefined || made === desired.attachment.injection ? desired : build(made);
}

/** What a quota supplies is not compared: an edit of it never costs anybody a container. */
function comparable(
  desired: DesiredContainer,
  limits: EffectiveLimits,
  presets: { readonly spec: ContainerSpecSpec; readonly primary: ObservedContainer | null },
): DesiredContainer {
  const ulimits = limits.ulimits.filter(({ origin }) => origin.from === "spec");
  const ioRates = keptRates(limits).filter(({ origin }) => origin.from === "spec");
  const compared = { ...withoutPresets(desired, presets), ulimits, ioRates };
  return limits.shmSizeBytes.origin.from === "spec" ? compared : { ...compared, shmSizeBytes: null };
}

/** Without what other presets than its own would bring to a container. */
function withoutPresets(
  desired: DesiredContainer,
  { spec, primary }: { readonly spec: ContainerSpecSpec; readonly primary: ObservedContainer | null },
): DesiredContainer {
  if (primary === null) return desired;
  const names = new Set([
    ...(spec.env ?? []).map(({ name }) => name),
    ...Object.keys(desired.attachment.environment),
  ]);
  const environment = Object.fromEntries(
    Object.entries(desired.environment).filter(([name]) => names.has(name)),
  );
  return { ...desired, environment, mounts: primary.config.mounts };
}

function isMadeWithOther(primary: ObservedContainer | null, { hash }: ExpandedSpec): boolean {
  if (primary === null || hash === null) return false;
  return (primary.labels[labels.presets] ?? hash) !== hash;
}

function relocationOf(
  { devices, reserved }: World,
  spec: ContainerSpecSpec,
  primary: ObservedContainer | null,
): string | null {
  if (primary === null || spec.gpus === undefined || spec.desiredState === "Stopped") return null;
  const held = deviceUuidsOf(primary);
  return relocationCause(
    devices.filter(({ uuid }) => held.includes(uuid)),
    isLive(primary),
    reserved,
  );
}

/** True when the primary was made for other devices than it should have now. */
function devicesChanged(
  world: World,
  primary: ObservedContainer | null,
  spec: ContainerSpecSpec,
  { devices, gone, relocation }: Pick<Situation, "devices" | "gone" | "relocation">,
): boolean {
  if (primary === null) return false;
  if (devices === null) {
    if (relocation !== null) return true;
    const claim = { deviceUuids: deviceUuidsOf(primary), gone };
    const wanted = wantedDevices(spec);
    return wanted === undefined || !satisfies(wanted, claim, world.devices);
  }
  return !isMadeFor(primary, devices);
}
