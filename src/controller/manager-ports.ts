import type { EventObject } from "../api/event.ts";
import type { DeletionPolicy } from "../api/names.ts";
import type { AccessPolicy } from "../core/gpu-access.ts";
import type { InjectionChoice } from "../core/schedule/injection.ts";
import type { HealthSettings } from "../core/health/known-device.ts";
import type { VolumeSettings } from "../core/presets/preset.ts";
import type { PreemptionSettings } from "../core/schedule/preemption.ts";
import type { Strategy } from "../core/schedule/strategies.ts";
import type { IdleSettings } from "../core/idle/idle-settings.ts";
import type { ActivityProbe } from "../ports/activity-probe.ts";
import type { AggregateCgroups } from "../ports/aggregate-cgroups.ts";
import type { BuildContexts } from "../ports/build-contexts.ts";
import type { Clock } from "../ports/clock.ts";
import type { ContainerFiles } from "../ports/container-files.ts";
import type { ContainerAccess } from "../ports/container-access.ts";
import type { ContainerSettings } from "../ports/container-settings.ts";
import type { ContainerRuntime } from "../ports/container-runtime.ts";
import type { DeviceNotebook } from "../ports/device-notebook.ts";
import type { DeviceAccess } from "../ports/device-access.ts";
import type { DeviceProvider } from "../ports/device-provider.ts";
import type { HostPaths } from "../ports/host-paths.ts";
import type { Identity } from "../ports/identity.ts";
import type { InstanceLock } from "../ports/lock.ts";
import type { KernelLog } from "../ports/kernel-log.ts";
import type { Log } from "../ports/log.ts";
import type { OwnerFiles } from "../ports/owner-files.ts";
import type { NoticeChannel } from "../ports/notice-channel.ts";
import type { PublishedViews } from "../ports/operations-log.ts";
import type { RegistryCredentials } from "../ports/registry-credentials.ts";
import type { SecretFiles } from "../ports/secret-files.ts";
import type { SpecSource } from "../ports/spec-source.ts";
import type { StateDocument } from "../ports/state-document.ts";
import type { Store } from "../ports/store.ts";

/** Where events go for good, and those of earlier runs. */
export interface EventJournal {
  append(event: EventObject): void;
  /** Oldest first. */
  history(): readonly EventObject[];
}

/** The outside, as one controller uses it. */
export interface ManagerPorts {
  readonly runtime: ContainerRuntime;
  readonly containerFiles: ContainerFiles;
  readonly containerLogs: Pick<ContainerAccess, "logs">;
  readonly provider: DeviceProvider;
  readonly deviceAccess: DeviceAccess;
  /** At least one; each has a name of its own. */
  readonly sources: readonly SpecSource[];
  readonly store: Store;
  readonly notebook: DeviceNotebook;
  readonly stateWritable: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly identity: Identity;
  readonly hostPaths: HostPaths;
  readonly ownerFiles: OwnerFiles;
  readonly views: PublishedViews;
  readonly journal: EventJournal;
  readonly lock: InstanceLock;
  readonly registries: RegistryCredentials;
  readonly buildContexts: BuildContexts;
  readonly recentUse: StateDocument;
  /** What is told apart of a container that ds01 did not make. */
  readonly containerSettings: ContainerSettings;
  /** The containers that ds01 did not make and that stand for a spec. */
  readonly adoptions: StateDocument;
  /** What admins have stopped at once. */
  readonly emergencyStops: StateDocument;
  /** What is stopped for a while whatever Git says. */
  readonly stopOverrides: StateDocument;
  /** Which sources admins have suspended. */
  readonly suspensions: StateDocument;
  /** What can be brought back of what was deleted. */
  readonly tombstones: StateDocument;
  /** How long earlier work took. */
  readonly runHistory: StateDocument;
  /** The slices that ds01 has cut itself. */
  readonly ownSlices: StateDocument;
  /** Names that images got by the aliases in specs. */
  readonly aliasTags: StateDocument;
  /** Absent where the engine runs on another machine. */
  readonly aggregateCgroups?: AggregateCgroups;
  /** Absent where the engine runs on another machine. */
  readonly secretFiles?: SecretFiles;
  /** Absent where the engine runs on another machine. */
  readonly activity?: ActivityProbe;
  /** What was seen of idle containers. */
  readonly idleness: StateDocument;
  /** Who has asked for which container to be left alone. */
  readonly keepAlives: StateDocument;
  /** The cgroups that ds01 has made itself. */
  readonly ownCgroups: StateDocument;
  /** Absent where nobody wants it read. */
  readonly kernelLog?: KernelLog;
  /** Ways to tell people something; absent: none. */
  readonly notices?: readonly NoticeChannel[];
  readonly newUid: () => string;
}

export interface ManagerSettings {
  readonly instance: string;
  /** Paths of the host that no container may have, whatever a quota grants. */
  readonly protectedPaths: readonly string[];
  readonly strategy: Strategy;
  readonly injection: InjectionChoice;
  /** Time between two looks at whether containers can open their GPUs; null: never. */
  readonly accessProbeMs: number | null;
  readonly accessPolicy: AccessPolicy;
  /** Whether it cuts cards in MIG mode. */
  readonly cutsCards?: boolean;
  /** What gives way to what; as usual where absent. */
  readonly preemption?: PreemptionSettings;
  /** Strategies that a spec may name; absent: none. */
  readonly strategyOverrides?: readonly Strategy[];
  /** Reconciles at the same time; four is the best on two cores (reference measurements of the engine). */
  readonly workers: number;
  /** How the health of GPUs is judged; the usual way where absent. */
  readonly health?: HealthSettings;
  /** How volumes are named and what presets there are; as without a configuration where absent. */
  readonly volumes?: VolumeSettings;
  /** When containers are idle, and what follows; the usual way where absent. */
  readonly idle?: IdleSettings;
  /** Of which events people are told; the usual ones where absent. */
  readonly noticeReasons?: readonly string[];
  readonly dryRun: boolean;
  /** What becomes of a running job whose file is gone; it is stopped where absent. */
  readonly deletionPolicy?: DeletionPolicy;
  /** Images built at the same time; 2 where absent. */
  readonly concurrentBuilds?: number;
  /** Name of the cgroup above those of users with an aggregate; `ds01` where absent. */
  readonly cgroupRoot?: string;
  /** CPUs of this machine; absent when the engine runs on another. */
  readonly machineCpus?: number;
}
