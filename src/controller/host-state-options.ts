import type { OwnerAccount } from "../core/account/owner-account.ts";
import type { GivenFileProblem } from "../core/given-files/given-file.ts";
import type { VolumeSettings } from "../core/presets/preset.ts";
import type { AccessLoss, AccessPolicy } from "../core/gpu-access.ts";
import type { InjectionChoice } from "../core/schedule/injection.ts";
import type { Strategy } from "../core/schedule/strategies.ts";
import type { Clock } from "../ports/clock.ts";
import type { DeviceProvider } from "../ports/device-provider.ts";
import type { HostPaths } from "../ports/host-paths.ts";
import type { Identity } from "../ports/identity.ts";
import type { AggregateBook } from "./aggregate-book.ts";
import type { EngineBook } from "./engine-book.ts";
import type { GivenFileBook } from "./given-file-book.ts";
import type { IdleWatch } from "./idle-watch.ts";
import type { ImageBook } from "./image-book.ts";
import type { InventoryBook } from "./inventory-book.ts";
import type { RuntimeCache } from "./runtime-cache.ts";
import type { RunBook } from "./run-book.ts";
import type { SourceBook } from "./source-book.ts";
import type { UseMeter } from "./use-meter.ts";
import type { EmergencyStop } from "../core/emergency-stop.ts";
import type { StopOverrideDesk } from "./stop-override-desk.ts";
import type { PreemptionSettings } from "../core/schedule/preemption.ts";
import type { Store } from "../ports/store.ts";
import type { PathFacts } from "./host-path-facts.ts";

/** What decisions are made from, and the rules that they follow. */
export interface HostStateOptions {
  readonly store: Store;
  readonly cache: RuntimeCache;
  readonly sources: Pick<SourceBook, "isSynced">;
  readonly images: ImageBook;
  readonly files: Pick<GivenFileBook, "look" | "usable" | "version">;
  readonly inventory: InventoryBook;
  readonly engine: EngineBook;
  readonly injection: InjectionChoice;
  readonly use: Pick<UseMeter, "recent" | "version">;
  readonly runs: Pick<RunBook, "history" | "version">;
  readonly access: { readonly lost: readonly AccessLoss[] };
  readonly accessPolicy: AccessPolicy;
  readonly idle: Pick<IdleWatch, "factsOf">;
  readonly aggregates: Pick<AggregateBook, "stateOf">;
  readonly provider: DeviceProvider;
  readonly identity: Identity;
  readonly hostPaths: HostPaths;
  readonly protectedPaths: () => readonly string[];
  readonly volumes: VolumeSettings;
  readonly clock: Clock;
  readonly instance: string;
  readonly strategy: Strategy;
  readonly strategyOverrides?: readonly Strategy[];
  readonly machineCpus?: number;
  readonly emergency: { readonly stops: readonly EmergencyStop[] };
  readonly overrides: Pick<StopOverrideDesk, "of" | "overridden">;
  /** What gives way to what; as usual where absent. */
  readonly preemption?: PreemptionSettings;
}

/** What must be asked for asynchronously before a world can be built. */
export interface PreparedFacts extends PathFacts {
  readonly owner: OwnerAccount | null;
  /** What is wrong with the files that it takes variables and secrets from; null: nothing. */
  readonly fileProblem: GivenFileProblem | null;
}
