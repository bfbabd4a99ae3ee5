import type { Standing } from "../import-note.ts";

/** Why keys are left out, and what to do instead: a sentence or two for all keys it is about. */
export const topics = {
  idleDetection: elsewhere(
    "How it is told that a container is idle is said for all in the configuration of the controller, below idle: gpuPercent, cpuPercent, network (bytes a minute), looks, startupGrace, highDemandFactor.",
  ),
  idleSwitch: elsewhere(
    "Leave lifecycle.idleTimeout out, or write never; there is a warning before every stop.",
  ),
  noAggregate: none(
    "This version of ds01 has no limit over all containers of a user. The bound is maxContainers times perContainer.max.",
  ),
  softMemory: none(
    "ds01 has hard limits of memory only; memory_high slowed processes down before they reached memory_max.",
  ),
  temporaryStorage: none("ds01 mounts no tmpfs of its own: /tmp lies in the container's file system."),
  devcontainer: none(
    "ds01 never stops containers that it did not create, so it has no limits by type. Declare a dev container as a ContainerSpec and open it with the editor; where it may run for longer than the user's other containers, give that user a QuotaSpec with a longer lifecycle.maxRuntime.",
  ),
  compose: none(
    "ds01 never stops containers that it did not create. Declare each service as a ContainerSpec (ds01 import compose); the limits of its user then apply.",
  ),
  docker: none(
    "ds01 never stops containers that it did not create; it shows them and gives nobody a GPU that they use. Declare as ContainerSpecs what it should keep and limit (ds01 import run).",
  ),
  api: none(
    "ds01 never stops containers that it did not create. Programs declare ContainerSpecs over its API; the limits of the user then apply.",
  ),
  unknownType: none(
    "ds01 never stops containers that it did not create, whoever made them. ds01 get gpus names those that use a GPU, and their owners.",
  ),
  created: none(
    "ds01 starts what it has created, and takes up after a crash what it finds created. There is nothing to clean up.",
  ),
  monitoring: none("ds01 touches only containers that it created, so nothing needs to be excepted."),
  bareMetal: none(
    "ds01 keeps nobody from using GPUs on the host. It shows who does (ds01 get gpus) and gives such a GPU to nobody until it is free.",
  ),
  bookkeeping: none(
    "A QuotaSpec has no such field. Keep it as an annotation of the quota, or in Git's history.",
  ),
  archived: none(
    "ds01 has no list of former users. Remove their directory below users/ in the specs directory.",
  ),
  outOfRange: elsewhere("spec.priority goes from 0 to 100; left out, so 50 applies. Write the one you want."),
  stopGrace: elsewhere(
    "The time between SIGTERM and SIGKILL is a field of each ContainerSpec: spec.stopGracePeriod, 30s where it says nothing.",
  ),
  strategy: elsewhere(
    "In the configuration of the controller: allocation.strategy, leastAllocated where it says nothing.",
  ),
  mig: elsewhere(
    "ds01 sees MIG slices as they are on the cards. To have it cut them: mig.dynamic in the configuration of the controller. To allow only some profiles: spec.gpus.profiles in a QuotaSpec.",
  ),
  accessControl: elsewhere(
    "Rights do not come from quotas. In the configuration of the controller: admins.users and admins.groups. There is no wrapper around docker.",
  ),
  adminGroup: elsewhere(
    "Its limits are imported. What its members may do for others does not come from quotas: name them in admins.users of the configuration, or a Unix group in admins.groups.",
  ),
  exemptions: elsewhere(
    "Not read by this command. An exemption is a QuotaSpec for the user (lifecycle: {maxRuntime: never}); from idleness also idle.exempt of the configuration, with its end.",
  ),
  unknown: dead("Nothing in the scripts read a key of this name."),
  secondName: dead(
    "An older name of a limit that stands beside it; the newer name counts, as in the scripts.",
  ),
  aggregateOff: dead("Switched off by enforcement.aggregate_limits: false."),
  aggregateOfDefaults: dead("The scripts read aggregate only of groups and overrides."),
  tasks: dead("The processes of a container are bounded by pids_limit (perContainer.max.pidsLimit)."),
  storage: dead("ds01 has no disk quotas either. Use those of the file system (XFS project quotas)."),
  ulimits: dead("perContainer.default.ulimits and perContainer.max.ulimits of a QuotaSpec set it."),
  throughput: dead("perContainer.default.io and perContainer.max.io of a QuotaSpec set it, for each disk."),
  gpuMemory: dead("A container asks for memory of a GPU with spec.gpus.minMemory."),
  reservation: dead(
    "In ds01 a ReservationSpec keeps GPUs for people at certain times: docs/spec/reservationspec.md.",
  ),
  keepAlive: elsewhere(
    "idle.keepAliveMax in the configuration of the controller; the scripts did not read it.",
  ),
  manualStop: dead("lifecycle.holdGpuAfterStop applies to every stop, also ds01 stop."),
  cgroupDriver: dead("ds01 leaves the cgroup driver to Docker."),
  perGpu: dead("Needed only to convert numbers of MIG instances, and this file has none."),
  unused: dead("No version of the scripts that was in use read it."),
  noSuchGroup: dead("No group of this name stands in groups."),
} as const satisfies Readonly<Record<string, { readonly standing: Standing; readonly text: string }>>;

export type Topic = keyof typeof topics;

function none(text: string): { readonly standing: Standing; readonly text: string } {
  return { standing: "none", text };
}

function elsewhere(text: string): { readonly standing: Standing; readonly text: string } {
  return { standing: "elsewhere", text };
}

function dead(text: string): { readonly standing: Standing; readonly text: string } {
  return { standing: "dead", text };
}
