import type { ContainerSpecSpec } from "../../api/container.ts";
import type { HostPathVolume } from "../../api/volume.ts";
import type { HostPathFact, World } from "../world.ts";
import { presetGrants, presetOwner, presetsIn, type ExpandedSpec } from "../presets/expand.ts";
import { wantedCopies } from "../plan/copies.ts";
import { leadsOutTo, specPlace } from "../plan/placed-path.ts";
import { isFinished } from "../lifecycle/finished-run.ts";
import type { ContainerRecord } from "../record.ts";
import { countsAsContainer } from "./counts-as-container.ts";
import { portConflict } from "./port-conflict.ts";
import { violations } from "./violations.ts";

/** Whether a container may be made now. What runs already is never touched by a refusal. */
export type Admission =
  | { readonly type: "admitted" }
  /** Not until the spec or the quota changes; `message` joins everything that is wrong. */
  | { readonly type: "refused"; readonly reason: string; readonly message: string }
  /** Not now: something else must end or appear first. */
  | { readonly type: "waiting"; readonly reason: string; readonly message: string };

/**
 * Asks quota, policy and the host whether the object's container may be made, or only started again: files were
 * copied before its first start, and their sources may be gone since.
 */
export function admit(
  world: World,
  { spec, written, problem }: ExpandedSpec,
  onlyRestarts = false,
): Admission {
  const object = `${world.record.namespace}/${world.record.name}`;
  if (problem !== null) {
    return { type: "refused", reason: problem.reason, message: `${object} ${problem.message}` };
  }
  const denied = violations(spec, world.quota, {
    object,
    devices: world.devices,
    realPaths: new Map([...world.hostPaths].map(([path, { realPath }]) => [path, realPath])),
    protectedPaths: world.protectedPaths,
    presets: {
      from: written.volumes?.length ?? 0,
      grants: presetGrants(
        presetsIn(world),
        presetOwner(world),
        (path) => world.hostPaths.get(path)?.realPath,
      ),
    },
  });
  const [first] = denied;
  if (first !== undefined) {
    return {
      type: "refused",
      reason: first.reason,
      message: denied.map(({ message }) => message).join("\n"),
    };
  }
  const asOwner = world.owner === null ? whatAsOwner(world, spec) : undefined;
  if (asOwner !== undefined) {
    return {
      type: "refused",
      reason: "UnknownUser",
      message: `${object} ${asOwner.what}; this host has no user "${world.record.namespace}": add the account or ${asOwner.otherwise}`,
    };
  }
  return (
    containerQuota(world, object) ??
    missingMount(world, spec, object) ??
    (onlyRestarts ? null : missingForFirstStart(world, written, object)) ??
    missingDisk(world, spec, object) ??
    occupiedPort(world, spec, object) ?? { type: "admitted" }
  );
}

/** What of the spec only the account of its owner can do; undefined where nothing is. */
function whatAsOwner(
  { hostPaths }: World,
  spec: ContainerSpecSpec,
): { readonly what: string; readonly otherwise: string } | undefined {
  if (spec.user === "owner") return { what: "runs as its owner", otherwise: "set spec.user" };
  if ((spec.copy ?? []).length > 0)
    return { what: "copies files as its owner", otherwise: "leave spec.copy out" };
  if ([spec.envFrom ?? [], spec.secrets ?? []].some(({ length }) => length > 0))
    return { what: "reads files as its owner", otherwise: "leave spec.envFrom and spec.secrets out" };
  const made = (spec.volumes ?? []).find(({ hostPath }) => {
    return hostPath?.type?.endsWith("OrCreate") && hostPaths.get(hostPath.path)?.kind === "Missing";
  });
  if (made?.hostPath === undefined) return undefined;
  return { what: `has ${made.hostPath.path} made as its owner`, otherwise: "make it by hand" };
}

function containerQuota(world: World, object: string): Admission | null {
  const { record } = world;
  const most = world.quota.maxContainers;
  if (most.value === null || world.othersUsage.containers < most.value) return null;
  if (countsAsContainer(record, world.containers) || wantsNone(record)) return null;
  const place = most.origin.place === null ? "" : ` (${most.origin.place})`;
  const names = world.othersUsage.holders.map(({ name }) => name).join(", ");
  return {
    type: "waiting",
    reason: "WaitingForQuota",
    message: `${object} would be container ${world.othersUsage.containers + 1} of ${world.quota.user}; quota "${most.origin.quota ?? "built-in"}" allows ${most.value}${place}: it starts when one of ${names} ends or is stopped`,
  };
}

/** Stopped as declared, or done. */
function wantsNone({ spec, memory }: ContainerRecord): boolean {
  return spec === null || spec.desiredState === "Stopped" || isFinished(memory.finished, spec);
}

function missingMount(world: World, spec: ContainerSpecSpec, object: string): Admission | null {
  for (const { hostPath } of spec.volumes ?? []) {
    const found = hostPath === undefined ? undefined : world.hostPaths.get(hostPath.path);
    const message = hostPath === undefined || found === undefined ? null : mountProblem(hostPath, found);
    if (message !== null)
      return { type: "waiting", reason: "MountMissing", message: `${object} mounts ${message}` };
  }
  return null;
}

/** Docker would make the container, give it its GPUs, and then fail to start it. */
function occupiedPort(world: World, spec: ContainerSpecSpec, object: string): Admission | null {
  const own = new Set(world.containers.map(({ id }) => id));
  const found = portConflict(spec.ports ?? [], world.portUses, own);
  if (found === null) return null;
  const { port, use } = found;
  const message = `${object} publishes port ${port.hostPort} of the host at ${port.hostIP}; ${use.holder} has it: choose another hostPort, leave it out so that Docker chooses one, or wait until ${use.holder} ends`;
  return { type: "waiting", reason: "PortInUse", message };
}

/** Files that are taken before it runs for the first time, and never again. */
function missingForFirstStart(world: World, spec: ContainerSpecSpec, object: string): Admission | null {
  return missingCopy(world, spec, object) ?? unusableFile(world, object);
}

/** Files are copied once there is a container: what is missing then would keep it and its GPUs waiting. */
function missingCopy(world: World, spec: ContainerSpecSpec, object: string): Admission | null {
  for (const { from, within } of wantedCopies(spec, specPlace(world))) {
    const { kind } = world.hostPaths.get(from) ?? {};
    const outside = leadsOutTo({ path: from, within }, world.hostPaths);
    if (outside !== null) {
      const message = `${object} copies ${from}, which leads to ${outside}; a relative path must not lead out of the spec's directory: copy the file there, or write an absolute path`;
      return { type: "refused", reason: "CopyOutside", message };
    }
    if (kind === undefined || kind === "Directory" || kind === "File") continue;
    const found = kind === "Missing" ? "it does not exist on this host" : `it is ${kind}`;
    const message = `${object} copies ${from}; ${found}: it must be a file or a directory`;
    return { type: "waiting", reason: "CopyMissing", message };
  }
  return null;
}

/** Files are read once its devices are its own: what is wrong with them is found before. */
function unusableFile({ fileProblem }: World, object: string): Admission | null {
  if (fileProblem == null) return null;
  return { type: "waiting", reason: fileProblem.reason, message: `${object} ${fileProblem.message}` };
}

/** Docker would start nothing that has a limit of a disk which is not there. */
function missingDisk(world: World, spec: ContainerSpecSpec, object: string): Admission | null {
  const { devices = [] } = spec.resources?.io ?? {};
  const missing = devices.find(({ path }) => world.hostPaths.get(path)?.kind === "Missing");
  if (missing === undefined) return null;
  const message = `${object} limits the use of ${missing.path}; it does not exist on this host: correct the path, or remove it from spec.resources.io.devices`;
  return { type: "waiting", reason: "DiskMissing", message };
}

/** Docker would make a missing directory as root, so a missing source always waits. */
function mountProblem({ path, type = "" }: HostPathVolume, { kind }: HostPathFact): string | null {
  if (kind === "Missing" && type.endsWith("OrCreate")) return null;
  if (kind === "Missing") return `${path}; it does not exist on this host: create it or correct the path`;
  if (kind === "Unreadable")
    return `${path}; ds01 cannot tell where it leads (no permission, or links in a circle): correct that or the path`;
  if (type === "" || type.replace("OrCreate", "") === kind) return null;
  return `${path} as ${type}; it is a ${kind}: correct hostPath.type or the path`;
}
