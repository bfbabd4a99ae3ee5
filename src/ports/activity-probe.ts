import type { ActivityReading } from "../core/idle/activity.ts";
import type { ObservedContainer } from "../core/observed.ts";

/** What was read of a running container, without its GPUs. */
export type ContainerActivity = Pick<
  ActivityReading,
  "cpuMs" | "networkBytes" | "ioBytes" | "terminalStamp"
> & {
  /** When a `.keep-alive` file was last touched (milliseconds since the epoch); null: there is none. */
  readonly keepAliveAt: number | null;
};

/** Reads how busy containers are; changes nothing, never rejects: what cannot be read is null. */
export interface ActivityProbe {
  /** Milliseconds since the machine was started, on a clock that nobody sets. */
  uptimeMs(): number;
  /** One container at a time; `home` is that of its owner on this machine. */
  read(container: ObservedContainer, home: string | null): Promise<ContainerActivity>;
}
