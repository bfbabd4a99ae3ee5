import type { DriverFacts } from "../../core/cuda-fit.ts";
import type { DeviceReport } from "../../core/health/device-report.ts";
import { normalBusId } from "../../core/health/xid-line.ts";
import type {
  Attachment,
  Device,
  DeviceProcess,
  DeviceUsage,
  Inventory,
} from "../../core/schedule/device.ts";
import { firstLoginUid } from "../../core/schedule/foreign-container.ts";
import type { InjectionFacts } from "../../core/schedule/injection.ts";
import type { DeviceProvider } from "../../ports/device-provider.ts";
import { UnreachableError } from "../../util/errors.ts";
import { nvidiaAttachment } from "./nvidia-attachment.ts";
import { assembleDevices, type NvidiaDevices, type RawUsage } from "./nvidia-devices.ts";
import type { MigCutter } from "../../ports/mig-cutter.ts";
import { nvidiaCutter } from "./nvidia-cutter.ts";
import { NvidiaPlacements } from "./nvidia-placements.ts";
import { NvidiaSmi, type NvidiaSmiOptions } from "./nvidia-smi.ts";
import { NvidiaSmiError } from "./nvidia-smi-error.ts";
import { NvidiaTopology } from "./nvidia-topology.ts";
import { type ListedGpu, parseList } from "./parse-list.ts";
import { type GpuProcess, parseDriver, parseProcesses } from "./parse-processes.ts";
import { knownFields, parseQuery, type QueriedGpu, type QueryField } from "./parse-query.ts";
import { processOwner } from "./process-owner.ts";
import { RecentUtilization } from "./recent-utilization.ts";
import { untilAborted } from "./until-aborted.ts";

export interface NvidiaOptions extends NvidiaSmiOptions {
  /** Login name of a uid, null when the name service knows none. */
  readonly userName: (uid: number) => Promise<string | null>;
  /** Where processes are looked up; `/proc`. */
  readonly procRoot?: string;
  /** How long to wait after a topology (ten minutes) or placements (one) that could not be read. */
  readonly topologyRetryMs?: number;
}

/** System daemons open GPUs without working on them; nobody else may hide behind their names. */
const monitoringDaemons = ["nvidia-persistenced", "nv-hostengine", "dcgm", "dcgmi", "nvidia-smi"];

/** Whole NVIDIA GPUs and the MIG devices that exist, through nvidia-smi. */
export class NvidiaProvider implements DeviceProvider {
  readonly vendor = "nvidia";
  readonly cutter: MigCutter;
  readonly #smi: NvidiaSmi;
  readonly #topology: NvidiaTopology;
  readonly #placements: NvidiaPlacements;
  readonly #recent = new RecentUtilization();
  readonly #options: NvidiaOptions;
  #inFlight: Promise<Inventory> | null = null;
  #fields: readonly QueryField[] | null = null;
  #listed: readonly ListedGpu[] = [];
  #last: Inventory = { ready: false, message: "nvidia-smi was not asked yet", devices: [], usage: new Map() };
  /** PCI address -> UUID, to tell which GPU an error is about. */
  readonly #busIds = new Map<string, string>();
  #failure: NvidiaSmiError | null = null;
  #driver: DriverFacts = { version: null, cudaVersion: null };

  constructor(options: NvidiaOptions) {
    this.#options = options;
    this.#smi = new NvidiaSmi(options);
    this.cutter = nvidiaCutter(this.#smi);
    this.#topology = new NvidiaTopology(this.#smi, options.topologyRetryMs);
    this.#placements = new NvidiaPlacements(this.#smi, options.topologyRetryMs);
  }

  /** Why the last question failed; null after an answer. */
  get failure(): NvidiaSmiError | null {
    return this.#failure;
  }

  async discover(signal?: AbortSignal): Promise<Inventory> {
    this.#inFlight ??= this.#discover().finally(() => {
      this.#inFlight = null;
    });
    return untilAborted(this.#inFlight, signal);
  }

  attach(devices: readonly Device[], facts?: InjectionFacts): Attachment {
    return nvidiaAttachment(devices, facts);
  }

  async #discover(): Promise<Inventory> {
    try {
      const found = await this.#ask();
      const links = await this.#topology.links(this.#listed);
      const placed = await this.#placements.place(found.devices);
      const devices = placed.map((device) => ({
        ...device,
        links: links?.get(device.parentUuid ?? device.uuid) ?? null,
      }));
      const message = `${devices.length} devices`;
      const { reports } = found;
      const usage = await this.#usage(found.usage);
      this.#last = { ready: true, message, devices, usage, reports, driver: this.#driver };
      this.#failure = null;
    } catch (error) {
      if (!(error instanceof NvidiaSmiError)) throw error;
      this.#failure = error;
      this.#fields = null;
      this.#last = {
        ...this.#last,
        ready: false,
        message: error.message,
        usage: withoutNumbers(this.#last.usage),
      };
    }
    return this.#last;
  }

  async #ask(): Promise<NvidiaDevices> {
    try {
      this.#listed = parseList(await this.#smi.run(["-L"]));
      return await this.#askDetails([]);
    } catch (error) {
      const lost = error instanceof NvidiaSmiError ? this.#lostGpu(error) : undefined;
      if (lost === undefined) throw error;
      return this.#askOthers([lost]);
    }
  }

  async #askDetails(lost: readonly LostGpu[]): Promise<NvidiaDevices> {
    const listed = this.#listed.filter((gpu) => lost.every(({ uuid }) => uuid !== gpu.uuid));
    const selection = lost.length === 0 ? [] : ["-i", listed.map(({ uuid }) => uuid).join(",")];
    const queried = await this.#query(selection);
    const details = await this.#smi.run(["-q", "-x", ...selection]);
    const detailed = parseProcesses(details);
    this.#driver = parseDriver(details);
    for (const { busId, uuid } of queried) if (busId !== null) this.#busIds.set(normalBusId(busId), uuid);
    return assembleDevices({ listed, queried, detailed }, this.#last.devices);
  }

  async #query(selection: readonly string[]): Promise<readonly QueriedGpu[]> {
    this.#fields ??= knownFields(await this.#smi.run(["--help-query-gpu"]));
    const words = [`--query-gpu=${this.#fields.join(",")}`, "--format=csv,noheader,nounits", ...selection];
    return parseQuery(await this.#smi.run(words), this.#fields);
  }

  /** nvidia-smi refuses every answer while one card has no handle: ask for the others by name. */
  async #askOthers(lost: readonly LostGpu[]): Promise<NvidiaDevices> {
    try {
      const others = await this.#askDetails(lost);
      const sick = this.#last.devices.flatMap((device) => {
        const found = lost.find(({ uuid }) => uuid === device.uuid || uuid === device.parentUuid);
        return found === undefined ? [] : [{ ...device, healthy: false, unhealthyReason: found.reason }];
      });
      const reports = new Map(others.reports);
      for (const { uuid, reason } of lost) reports.set(uuid, this.#reportOfLost(uuid, reason));
      return { devices: [...others.devices, ...sick], usage: others.usage, reports };
    } catch (error) {
      const another = error instanceof NvidiaSmiError ? this.#lostGpu(error) : undefined;
      const isNew = another !== undefined && lost.every(({ uuid }) => uuid !== another.uuid);
      if (!isNew || lost.length + 1 >= this.#listed.length) throw error;
      return this.#askOthers([...lost, another]);
    }
  }

  #reportOfLost(uuid: string, lost: string): DeviceReport {
    const busId = [...this.#busIds].find(([, known]) => known === uuid)?.[0] ?? null;
    const nothing = { recoveryAction: null, remappingPending: false, remappingFailed: false };
    return { busId, lost, ...nothing, uncorrectedErrors: null, temperatureCelsius: null };
  }

  #lostGpu(error: NvidiaSmiError): LostGpu | undefined {
    const said = /Unable to determine the device handle for GPU\s*([0-9A-F:.]+): *(.+)/i.exec(error.output);
    const uuid = this.#busIds.get(normalBusId(said?.[1] ?? ""));
    if (uuid === undefined || this.#listed.length < 2) return undefined;
    return { uuid, reason: `no handle: ${(said?.[2] ?? "").trim().replaceAll(/\s+/g, " ")}` };
  }

  async #usage(raw: ReadonlyMap<string, RawUsage>): Promise<ReadonlyMap<string, DeviceUsage>> {
    const usage = new Map<string, DeviceUsage>();
    for (const [uuid, { processes, ...numbers }] of raw) {
      const owned = await Promise.all(processes.map((process) => this.#owned(process)));
      const recent = this.#recent.add(uuid, numbers.utilizationPercent, performance.now());
      usage.set(uuid, { ...numbers, recentUtilizationPercent: recent, processes: owned.flat() });
    }
    return usage;
  }

  /** A name is only shown: a name service that is away must not keep the devices from everybody. */
  async #nameOf(uid: number | null): Promise<string | null> {
    if (uid === null) return null;
    try {
      return await this.#options.userName(uid);
    } catch (error) {
      if (error instanceof UnreachableError) return null;
      throw error;
    }
  }

  async #owned({ pid, name, memoryBytes }: GpuProcess): Promise<readonly DeviceProcess[]> {
    const { containerIds, uid, loginUid } = await processOwner(pid, this.#options.procRoot);
    const containerId = containerIds.at(-1) ?? null;
    const program = name.split(" ")[0]?.split("/").at(-1) ?? name;
    const isSystem = uid !== null && uid < firstLoginUid;
    if (containerId === null && isSystem && monitoringDaemons.includes(program)) return [];
    // Who became root is asked for by the name they came with; so is who has a subordinate id in a container of theirs.
    const personUid = isSystem ? (loginUid ?? uid) : uid;
    const user = (await this.#nameOf(personUid)) ?? (await this.#nameOf(loginUid));
    const outer = containerIds.slice(0, -1);
    return [
      {
        pid,
        name: program,
        user,
        containerId,
        memoryBytes,
        ...(outer.length === 0 ? {} : { outerContainerIds: outer }),
      },
    ];
  }
}

interface LostGpu {
  readonly uuid: string;
  readonly reason: string;
}

/** Who was there stays known; how busy it is does not. */
function withoutNumbers(usage: Inventory["usage"]): Inventory["usage"] {
  return new Map(
    [...usage].map(([uuid, { processes }]) => [
      uuid,
      { memoryUsedBytes: null, utilizationPercent: null, processes },
    ]),
  );
}
