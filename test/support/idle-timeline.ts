import { decide } from "../../src/core/decide.ts";
import type { ActivityReading } from "../../src/core/idle/activity.ts";
import { defaultIdle, sampleMsFor, type IdleSettings } from "../../src/core/idle/idle-settings.ts";
import { advanceIdle, type IdleState } from "../../src/core/idle/idle-state.ts";
import { graceMsOf } from "../../src/core/idle/idle-verdict.ts";
import { effectiveLimits } from "../../src/core/quota/effective.ts";
import { predict } from "../../src/core/plan/predict.ts";
import type { World } from "../../src/core/world.ts";
import { startOfTest } from "./world-builder.ts";

const minute = 60_000;

/** What goes on in a container for some minutes; what is not said is 0, and null could not be read. */
export interface Doing {
  readonly minutes: number;
  /** Percent of each GPU; null for a slice, of which only the processes are known. */
  readonly gpus?: readonly (number | null)[];
  readonly gpuProcesses?: number | null;
  /** Percent of one CPU. */
  readonly cpu?: number | null;
  /** MiB a minute. */
  readonly network?: number | null;
  readonly io?: number | null;
  readonly typing?: boolean | null;
  readonly keptAlive?: boolean;
  /** Who waits for its GPU. */
  readonly wantedBy?: string;
  /** Nobody looks: the controller is away. */
  readonly unseen?: boolean;
  /** The wall clock is set forth or back by so many minutes before it. */
  readonly clockJump?: number;
  /** The state of idleness is lost before it. */
  readonly forgotten?: boolean;
  readonly edit?: (world: World) => World;
}

/** `20m IdleSoon`, `30m stop`: minutes of the machine's own clock since the first look. */
export type Told = string;

export interface Timeline {
  readonly told: readonly Told[];
  readonly world: World;
  readonly state: IdleState | null;
  /** Each look, also one that was left out: when it was, on the machine's own clock, and what went on before it. */
  readonly looks: readonly { readonly uptimeMs: number; readonly doing: Doing }[];
  /** What was decided last. */
  readonly last: ReturnType<typeof decide> | null;
}

/** Plays what goes on in a container against the rules, look by look, until it is stopped. */
export function playIdle(
  start: World,
  script: readonly Doing[],
  changes: Partial<IdleSettings> = {},
): Timeline {
  const settings = { ...defaultIdle, startupGraceMs: 0, ...changes };
  const counters = { cpuMs: 0, networkBytes: 0, ioBytes: 0, terminalStamp: 1 };
  const told: Told[] = [];
  let [world, wall, uptimeMs, state] = [start, startOfTest, 1_000_000, null as IdleState | null];
  let last: Timeline["last"] = null;
  const looks: { uptimeMs: number; doing: Doing }[] = [];
  for (const doing of script) {
    wall += (doing.clockJump ?? 0) * minute;
    if (doing.forgotten === true) state = null;
    if (doing.edit !== undefined) world = doing.edit(world);
    const timeoutMs = timeoutOf(world);
    const sampleMs = sampleMsFor(settings, timeoutMs);
    for (let leftMs = doing.minutes * minute; leftMs > 0; leftMs -= sampleMs) {
      uptimeMs += sampleMs;
      wall += sampleMs;
      counters.cpuMs += ((doing.cpu ?? 0) / 100) * sampleMs;
      counters.networkBytes += ((doing.network ?? 0) * 1024 ** 2 * sampleMs) / minute;
      counters.ioBytes += ((doing.io ?? 0) * 1024 ** 2 * sampleMs) / minute;
      if (doing.typing === true) counters.terminalStamp = wall;
      looks.push({ uptimeMs, doing });
      if (doing.unseen === true) continue;
      const primary = world.containers[0]!;
      const run = {
        containerId: primary.id,
        startedAt: primary.startedAt,
        generation: world.record.generation,
      };
      state = advanceIdle(state, run, readingOf(doing, counters, uptimeMs), {
        settings,
        sampleMs,
        graceMs: graceMsOf(settings, timeoutMs),
        now: wall,
      });
      world = { ...world, idle: { settings, state, wantedBy: doing.wantedBy ?? null } };
      last = decide(world, wall);
      const at = `${Math.round((uptimeMs - 1_000_000) / 6000) / 10}m`;
      told.push(...last.announcements.map(({ reason }) => `${at} ${reason}`));
      const isStopped = last.steps.some((step) => step.do === "stop");
      if (isStopped) told.push(`${at} stop`);
      world = predict(world, last, wall);
      if (isStopped) return { told, world, state, looks, last };
    }
  }
  return { told, world, state, looks, last };
}

function timeoutOf(world: World): number {
  const { spec } = world.record;
  return (
    (spec === null ? null : effectiveLimits(spec, world.quota, () => "").idleTimeoutMs.value) ?? 30 * minute
  );
}

function readingOf(
  doing: Doing,
  counters: { cpuMs: number; networkBytes: number; ioBytes: number; terminalStamp: number },
  uptimeMs: number,
): ActivityReading {
  const { gpus = [0], gpuProcesses = 0 } = doing;
  return {
    uptimeMs,
    gpus: gpus.map((percent) => ({ percent, processes: gpuProcesses })),
    cpuMs: doing.cpu === null ? null : counters.cpuMs,
    networkBytes: doing.network === null ? null : counters.networkBytes,
    ioBytes: doing.io === null ? null : counters.ioBytes,
    terminalStamp: doing.typing === null ? null : counters.terminalStamp,
    ...(doing.keptAlive === true ? { keptAlive: ".keep-alive" } : {}),
  };
}
