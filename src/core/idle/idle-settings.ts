/** How it is told that a container is idle, and what follows; times in milliseconds. */
export interface IdleSettings {
  /** Time between two looks at a container; less where a timeout is so short that there would be too few. */
  readonly sampleMs: number;
  /** A GPU that is used as much, in percent, is busy. */
  readonly gpuPercent: number;
  /** More CPU time than this, in percent of one CPU, is busy. */
  readonly cpuPercent: number;
  /** More bytes received and sent in a minute are busy. */
  readonly networkBytesPerMinute: number;
  /** More bytes read and written in a minute are busy. */
  readonly ioBytesPerMinute: number;
  /** So many looks in a row must find nothing going on. */
  readonly samples: number;
  /** After its start a container is left alone for so long, but for no longer than its timeout. */
  readonly startupGraceMs: number;
  /** Time between warning and stop, but no more than half of the timeout. */
  readonly noticeMs: number;
  /** What becomes of the timeout while somebody waits for its GPU: from 0 to 1. */
  readonly highDemandFactor: number;
  /** How long somebody may ask for a container to be left alone. */
  readonly keepAliveMaxMs: number;
  /** Whether a quota's timeout also counts for containers without GPUs. */
  readonly withoutGpu: boolean;
  readonly exempt: readonly IdleExemption[];
}

/** What is left alone although it is idle: all of a user, or one container. */
export interface IdleExemption {
  readonly user: string;
  /** Name of the container, or of a sweep for all of it; absent: all of the user. */
  readonly name?: string;
  /** Milliseconds since the epoch; absent: for good. */
  readonly until?: number;
  readonly reason?: string;
}

/** As the DS01 scripts had it where they had it (reference 2.2 and 3.1). */
export const defaultIdle: IdleSettings = {
  sampleMs: 30_000,
  gpuPercent: 5,
  cpuPercent: 2,
  networkBytesPerMinute: 1024 ** 2,
  ioBytesPerMinute: 1024 ** 2,
  samples: 3,
  startupGraceMs: 30 * 60_000,
  noticeMs: 10 * 60_000,
  highDemandFactor: 0.5,
  keepAliveMaxMs: 24 * 60 * 60_000,
  withoutGpu: false,
  exempt: [],
};

/** Shortest time between two looks. */
const leastSampleMs = 500;

/** Time between two looks at containers of which the shortest timeout is so long. */
export function sampleMsFor({ sampleMs, samples }: IdleSettings, shortestTimeoutMs: number): number {
  return Math.max(leastSampleMs, Math.min(sampleMs, shortestTimeoutMs / (4 * Math.max(1, samples))));
}

/** The exemption that holds for a container now, also as one of a sweep of that name; undefined when none does. */
export function exemptionFor(
  { exempt }: Pick<IdleSettings, "exempt">,
  container: { readonly namespace: string; readonly name: string; readonly sweep?: string | undefined },
  now: number,
): IdleExemption | undefined {
  return exempt.find(
    ({ user, name, until }) =>
      user === container.namespace &&
      (name === undefined || name === container.name || name === container.sweep) &&
      (until === undefined || now < until),
  );
}
