import type { DriverFacts } from "../cuda-fit.ts";
import type { Cordon } from "../health/cordon.ts";
import type { DeviceHealth } from "../health/device-health.ts";
import type { DeviceReport } from "../health/device-report.ts";
import type { CutCard } from "./cut.ts";
import type { DeviceLink } from "./device-links.ts";
import type { Placement } from "./placement.ts";

/** A GPU, or a MIG slice of one. A slice is the same while UUID, profile and placement are: indices renumber. */
export interface Device {
  readonly uuid: string;
  /** What people call it: `0`, or `0:1` for the second slice of GPU 0. */
  readonly slot: string;
  /** What it is where it is no NVIDIA GPU: `tpu`, or vendor and class such as `amd.com/gpu`. */
  readonly kind?: string;
  readonly index: number;
  readonly model: string;
  readonly memoryBytes: number;
  /** CUDA compute capability such as `9.0`; null when unknown. */
  readonly computeCapability: string | null;
  /** MIG profile such as `2g.20gb`; null for a whole GPU. */
  readonly profile: string | null;
  /** UUID of the GPU a slice is cut from; null for a whole GPU. */
  readonly parentUuid: string | null;
  /** Where on its card a slice is; absent for a whole GPU, and where nobody tells. */
  readonly placement?: Placement;
  /** Id of the GPU instance of a slice; compute slices of one instance share it. */
  readonly gpuInstance?: number;
  /** What a card in MIG mode is and can be cut into; absent for all else, and where nobody tells. */
  readonly cutting?: CutCard;
  /** GPU-equivalents: 1 for a whole GPU, compute slices / the card's for a slice (2 of 7 = 0.286). */
  readonly gpuEquivalents: number;
  /** True for a whole GPU in MIG mode: its slices are handed out, never itself. */
  readonly migEnabled: boolean;
  /** Set for a GPU that time slices share (`replica` null) and for each of them; never handed out as a whole. */
  readonly sharing?: { readonly replicas: number; readonly replica: number | null };
  readonly healthy: boolean;
  /** Why it is not healthy; null when it is. */
  readonly unhealthyReason: string | null;
  /** How it came to be unhealthy, and when it is tested; absent while nothing speaks against it. */
  readonly health?: DeviceHealth;
  /** Set while an admin keeps it, or the GPU it is cut from, from being handed out. */
  readonly cordon?: Cordon;
  /** True: what runs on it is to move to another device as soon as one is free. */
  readonly evacuate?: boolean;
  /** Ways to other GPUs by their UUID, of the GPU itself for a slice; null when the topology is unknown. */
  readonly links: Readonly<Record<string, DeviceLink>> | null;
}

/** What is going on at a device right now; unknown numbers are null. */
export interface DeviceUsage {
  readonly memoryUsedBytes: number | null;
  readonly utilizationPercent: number | null;
  /** Mean over the last minutes, later looks counting more; absent where nobody keeps one. */
  readonly recentUtilizationPercent?: number | null;
  readonly processes: readonly DeviceProcess[];
}

export interface DeviceProcess {
  readonly pid: number;
  readonly name: string;
  /** Login name of its owner, null when unknown. */
  readonly user: string | null;
  /** Id of the innermost container it runs in (64 hex digits), null for a process of the host. */
  readonly containerId: string | null;
  /** Ids of the containers around that one, outermost first; absent where there are none. */
  readonly outerContainerIds?: readonly string[];
  /** GPU memory of the process; absent or null where the driver does not tell. */
  readonly memoryBytes?: number | null;
}

/** Everything the provider knows, taken at one moment. Unknown is never free (DESIGN 5). */
export interface Inventory {
  /** False while the GPU stack does not answer: nothing is allocated then, running work is untouched. */
  readonly ready: boolean;
  readonly message: string;
  readonly devices: readonly Device[];
  readonly usage: ReadonlyMap<string, DeviceUsage>;
  /** What the driver says about the health of each whole GPU, by UUID; absent where it says nothing. */
  readonly reports?: ReadonlyMap<string, DeviceReport>;
  /** What the NVIDIA driver can do; absent where there is none, or it has not said yet. */
  readonly driver?: DriverFacts;
  /** What could not be read and keeps only its own devices from being handed out; absent where there is nothing. */
  readonly problems?: readonly InventoryProblem[];
}

/** A file that says nothing although it should name devices. */
export interface InventoryProblem {
  readonly source: string;
  readonly message: string;
}

/** How a provider passes devices into a container; data only. */
export interface Attachment {
  readonly injection: "cdi" | "hook" | "runtime" | "devices" | "simulated" | "none";
  readonly environment: Readonly<Record<string, string>>;
  readonly deviceRequests: readonly DeviceRequest[];
  /** Absent: none. */
  readonly nodes?: readonly PassedNode[];
  readonly runtime: string | null;
}

/** A device node of the host that Docker itself passes in. */
export interface PassedNode {
  /** The device it belongs to; null for one that all of a kind share. */
  readonly uuid: string | null;
  readonly pathOnHost: string;
  readonly pathInContainer: string;
}

export interface DeviceRequest {
  readonly driver: string;
  readonly deviceIds: readonly string[];
  readonly capabilities: readonly (readonly string[])[];
}
