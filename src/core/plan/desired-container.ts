import type { ContainerProcess, ContainerSecurity, ObservedMount, PublishedPort } from "../observed.ts";
import type { IoRate } from "../quota/block-io.ts";
import type { PlainUlimit } from "../quota/ulimits.ts";
import type { Attachment } from "../schedule/device.ts";

/**
 * A container exactly as it should be created: engine-neutral, every default filled in. Fields that are
 * null take what the image or the engine says, and are not compared for drift.
 */
export interface DesiredContainer {
  readonly name: string;
  readonly image: string;
  readonly entrypoint: readonly string[] | null;
  readonly command: readonly string[] | null;
  readonly workingDir: string | null;
  /** Written variables and those of the attachment; the image's are not in here. */
  readonly environment: Readonly<Record<string, string>>;
  /** Docker's notation: `1000:1000`, `root`, or null for the image's user. */
  readonly user: string | null;
  /** Numbers of more groups of the process; they are those of the moment in which it is made, as at a login. */
  readonly groups: readonly number[];
  /** HOME, unless a variable says so; null leaves the image's. Not compared either. */
  readonly home: string | null;
  readonly mounts: readonly ObservedMount[];
  /** The engine's volumes among its mounts; they are made with their labels where they are missing. */
  readonly volumes: readonly WantedVolume[];
  readonly ports: readonly PublishedPort[];
  readonly network: string;
  readonly ipc: "private" | "host";
  readonly process: ContainerProcess;
  /** What the spec asks for; the nodes of accelerators stand in the attachment. */
  readonly security: ContainerSecurity;
  readonly cpus: number | null;
  readonly memoryBytes: number | null;
  /** With swap together; as much as memory is no swap, null is unlimited. */
  readonly memorySwapBytes: number | null;
  readonly shmSizeBytes: number | null;
  readonly pidsLimit: number | null;
  readonly ioWeight: number | null;
  /** Of two paths of one device the later one counts. */
  readonly ioRates: readonly IoRate[];
  /** By name; those that are not in here are the engine's. */
  readonly ulimits: readonly PlainUlimit[];
  /** Cgroup to make its own in; null: where the engine puts it. */
  readonly cgroupParent: string | null;
  readonly stopGraceMs: number;
  readonly attachment: Attachment;
  readonly labels: Readonly<Record<string, string>>;
}

/** A volume of the engine that belongs to the container's owner. */
export interface WantedVolume {
  /** Its name at the engine. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}
