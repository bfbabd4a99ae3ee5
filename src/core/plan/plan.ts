import type { HostPathType } from "../../api/volume.ts";
import { parseDuration } from "../../util/duration.ts";
import { deviceUuidsOf } from "../expiry.ts";
import { givenFiles, resolveGiven } from "../given-files/given-file.ts";
import type { Fact } from "../lifecycle/fact.ts";
import type { LifecycleAction } from "../lifecycle/machine.ts";
import { mayRunWhereItWas } from "../lifecycle/may-run-where-it-was.ts";
import type { Situation } from "../lifecycle/situation.ts";
import type { Stepped } from "../lifecycle/step-machine.ts";
import type { ObservedContainer } from "../observed.ts";
import { wantedCopies } from "./copies.ts";
import { specPlace } from "./placed-path.ts";
import { containerName, replacementName } from "./container-name.ts";
import type { DesiredContainer } from "./desired-container.ts";
import { isLive } from "./roles.ts";
import type { Step } from "./step.ts";

/** Turns what the machine asks for into ordered steps, each with its cause; `lost`: a container was expected. */
export function plan(
  { action, fact, lost }: Pick<Stepped, "action" | "fact" | "lost">,
  situation: Situation,
): readonly Step[] {
  return action === null ? [] : planners[action](situation, fact, lost);
}

type Planner = (situation: Situation, fact: Fact, lost: boolean) => readonly Step[];

const planners: Readonly<Record<LifecycleAction, Planner>> = {
  pullImage: (situation, { message }) => [{ do: "pull", image: imageOf(situation), cause: message }],
  buildImage: (situation, { message }) => [{ do: "build", image: imageOf(situation), cause: message }],
  tagImage: ({ spec, world }, { message }) =>
    world.image.type === "missing" && world.image.alias !== undefined
      ? [{ do: "tag", image: world.image.alias, as: spec.image ?? "", cause: message }]
      : [],
  createContainer: (situation, _fact, lost) => {
    const container = desiredOf(situation);
    const cause = lost ? "its container is gone; spec says Running" : "no container for this spec";
    return [
      ...makeHostPaths(situation),
      { do: "create", container, ...filesOf(situation), cause },
      ...seed(situation, { ...container, id: null }),
      { do: "start", name: container.name, id: null, cause: "spec says Running" },
    ];
  },
  startContainer: startPrimary,
  restartContainer: startPrimary,
  unpauseContainer: ({ roles }, { message }) =>
    onPrimary(roles.primary, ({ id, name }) => [{ do: "unpause", id, name, cause: message }]),
  pauseContainer: ({ roles }, { message }) =>
    onPrimary(roles.primary, ({ id, name }) => [{ do: "pause", id, name, cause: message }]),
  stopContainer: (situation, { reason, message }) => {
    const { primary, replacement, extras } = situation.roles;
    const beside = reason === "EmergencyStop" ? [replacement, ...extras] : [replacement];
    const targets = reason === "Replaced" ? [primary] : [primary, ...beside];
    return targets.flatMap((container) => stopIfLive(situation, container, message));
  },
  removeContainer: ({ roles }, { message }) =>
    onPrimary(roles.primary, ({ id, name }) => [{ do: "remove", id, name, cause: message }]),
  renameContainer: ({ roles, world }, { message }) =>
    onPrimary(roles.primary, ({ id, name }) => [
      {
        do: "rename",
        id,
        name,
        to: containerName(world.record.namespace, world.record.name),
        cause: message,
      },
    ]),
  updateContainer: ({ roles, limitsAction }, { message }) =>
    onPrimary(roles.primary, ({ id, name }) => [
      {
        do: "update",
        id,
        name,
        limits: limitsAction?.limits ?? null,
        restartPolicyNo: limitsAction?.restartPolicyNo ?? false,
        cause: message,
      },
    ]),
  createReplacement: (situation, { message }) => {
    const { namespace, name, generation } = situation.world.record;
    const container = { ...desiredOf(situation), name: replacementName(namespace, name, generation) };
    return [...makeHostPaths(situation), { do: "create", container, ...filesOf(situation), cause: message }];
  },
  startReplacement: (situation, { message }) =>
    onPrimary(situation.roles.replacement, ({ id, name, config }) => [
      ...seed(situation, { id, name, ...config }),
      { do: "start", id, name, cause: `${message}${gpuNote(situation)}` },
    ]),
  finishReplacement: (situation, { message }) => {
    const { primary, replacement } = situation.roles;
    if (primary === null || replacement === null) return [];
    if (isLive(primary)) return stopIfLive(situation, primary, "replaced by a new container");
    const to = containerName(situation.world.record.namespace, situation.world.record.name);
    return [
      { do: "remove", id: primary.id, name: primary.name, cause: `replaced: ${message}` },
      {
        do: "rename",
        id: replacement.id,
        name: replacement.name,
        to,
        cause: `replaces the old one: ${message}`,
      },
    ];
  },
  rollBack: (situation, { message }) => {
    const { primary, replacement } = situation.roles;
    if (primary === null || replacement === null) return [];
    if (isLive(replacement)) return stopIfLive(situation, replacement, message);
    return [
      { do: "remove", id: replacement.id, name: replacement.name, cause: message },
      // Its devices may be somebody else's by now, or not to be used: then it has to wait for some.
      ...(isLive(primary) || !mayRunWhereItWas(situation, primary)
        ? []
        : [{ do: "start", id: primary.id, name: primary.name, cause: `rolled back: ${message}` } as const]),
    ];
  },
  removeReplacement: ({ roles }, { message }) =>
    onPrimary(roles.replacement, ({ id, name }) => [{ do: "remove", id, name, cause: message }]),
  discardContainers: (situation, { message }) =>
    discard(situation.world.containers, graceMs(situation), message),
};

/** Ends and removes containers: stops those that live, removes those that do not. */
export function discard(
  containers: readonly ObservedContainer[],
  graceMs: number,
  cause: string,
): readonly Step[] {
  return containers.map((container): Step =>
    isLive(container)
      ? { do: "stop", id: container.id, name: container.name, graceMs, cause }
      : { do: "remove", id: container.id, name: container.name, cause },
  );
}

function startPrimary(situation: Situation, { message }: Fact): readonly Step[] {
  return onPrimary(situation.roles.primary, ({ id, name, startedAt, config }) => [
    ...makeHostPaths(situation),
    ...(startedAt === null ? seed(situation, { id, name, ...config }) : []),
    { do: "start", id, name, cause: message },
  ]);
}

/** Whatever came between create and start, it is filled again before it runs for the first time. */
function seed(
  { world, spec }: Situation,
  { id, name, mounts }: Pick<DesiredContainer, "name" | "mounts"> & { readonly id: string | null },
): readonly Step[] {
  const copies = wantedCopies(spec, specPlace(world)).map(({ from, to }) => {
    return { from: world.hostPaths.get(from)?.realPath ?? from, to };
  });
  const volumes = mounts.flatMap(({ type, target, readOnly }) =>
    type === "volume" && !readOnly ? target : [],
  );
  if (copies.length === 0 && volumes.length === 0) return [];
  return [{ do: "seed", name, id, copies, volumes, cause: "before its first start" }];
}

/** The files that bring it variables. */
function filesOf({ world, spec }: Situation): Pick<Extract<Step, { do: "create" }>, "files"> {
  const given = givenFiles(spec, specPlace(world)).filter((file) => file.use === "variables");
  const files = resolveGiven(given, world.hostPaths);
  return files.length === 0 ? {} : { files };
}

/** One that was made before may be gone again when its container starts the next time. */
function makeHostPaths({ world, expanded }: Situation): readonly Step[] {
  return (expanded.spec.volumes ?? []).flatMap(({ name, hostPath }): readonly Step[] => {
    if (hostPath === undefined || world.hostPaths.get(hostPath.path)?.kind !== "Missing") return [];
    const kind = madeKinds[hostPath.type ?? ""];
    if (kind === undefined) return [];
    return [{ do: "makeHostPath", path: hostPath.path, kind, cause: `volume ${name} is ${hostPath.type}` }];
  });
}

const madeKinds: Readonly<Partial<Record<HostPathType, "Directory" | "File">>> = {
  DirectoryOrCreate: "Directory",
  FileOrCreate: "File",
};

function stopIfLive(
  situation: Situation,
  container: ObservedContainer | null,
  cause: string,
): readonly Step[] {
  if (container === null || !isLive(container)) return [];
  return [{ do: "stop", id: container.id, name: container.name, graceMs: graceMs(situation), cause }];
}

function graceMs({ world, spec }: Situation): number {
  // At once means at once.
  if (world.emergencyStop != null) return 0;
  return parseDuration(spec.stopGracePeriod) ?? 30_000;
}

function onPrimary(
  container: ObservedContainer | null,
  steps: (container: ObservedContainer) => readonly Step[],
): readonly Step[] {
  return container === null ? [] : steps(container);
}

function imageOf({ spec, world }: Situation): string {
  const reference = spec.image ?? world.imageReference;
  if (reference === null) throw new Error("an image was planned before its name was known");
  return reference;
}

function gpuNote(situation: Situation): string {
  const devices = situation.devices ?? [];
  if (devices.length === 0) return "";
  const before = new Set(situation.roles.primary === null ? [] : deviceUuidsOf(situation.roles.primary));
  const same = devices.every((device) => before.has(device.uuid));
  return `; ${same ? "same" : "new"} GPU ${devices.map((device) => device.slot).join(",")}`;
}

/** The machine asks for a container only when its devices are known. */
function desiredOf(situation: Situation): DesiredContainer {
  if (situation.desired === null) throw new Error("a container was planned before its devices were known");
  return situation.desired;
}
