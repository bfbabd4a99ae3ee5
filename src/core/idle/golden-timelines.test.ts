import { describe, expect, it } from "vitest";
import { edited, running } from "../../../test/support/one-object.ts";
import { playIdle, type Doing } from "../../../test/support/idle-timeline.ts";
import { admittedQuota } from "../../../test/support/quotas.ts";
import type { IdleSettings } from "./idle-settings.ts";
import { resolveQuota } from "../quota/resolve.ts";
import type { World } from "../world.ts";

const nothing = (minutes: number): Doing => ({ minutes });
/** A trainer as it usually looks. */
const training = (minutes: number): Doing => ({ minutes, gpus: [95], cpu: 110, io: 200, gpuProcesses: 1 });

const onGpu = (idleTimeout: string, more: object = {}): World =>
  running({ gpus: { count: 1 }, lifecycle: { idleTimeout }, ...more });
const half = onGpu("30m");

/** A timeout that a quota gives to a spec which says nothing. */
function byQuota(idleTimeout: string, fields: object = { gpus: { count: 1 } }): World {
  const quota = admittedQuota("all", { subjects: { default: true }, lifecycle: { idleTimeout } });
  return { ...running(fields), quota: resolveQuota("alice", [], [quota]) };
}

interface Golden {
  /** The rule, and where it comes from (numbers of the reference of the DS01 scripts). */
  readonly rule: string;
  readonly world?: World;
  readonly settings?: Partial<IdleSettings>;
  readonly script: readonly Doing[];
  readonly told: readonly string[];
}

const goldens: readonly Golden[] = [
  {
    rule: "2.2 idle for the timeout: warning first, then stop",
    script: [training(10), nothing(60)],
    told: ["30.5m IdleSoon", "40.5m stop"],
  },
  { rule: "2.2 a GPU in use", script: [{ minutes: 300, gpus: [95] }], told: [] },
  { rule: "2.2 a GPU used at the threshold is in use", script: [{ minutes: 300, gpus: [5] }], told: [] },
  {
    rule: "2.2 a GPU used below the threshold is not",
    script: [{ minutes: 300, gpus: [4] }],
    told: ["21m IdleSoon", "31m stop"],
  },
  { rule: "2.2 CPU time above the threshold", script: [{ minutes: 300, cpu: 2.1 }], told: [] },
  {
    rule: "2.2 CPU time at the threshold is none",
    script: [{ minutes: 300, cpu: 2 }],
    told: ["21m IdleSoon", "31m stop"],
  },
  {
    rule: "2.2 the network counts by what comes in now, not since the start",
    script: [{ minutes: 20, network: 500 }, nothing(60)],
    told: ["40.5m IdleSoon", "50.5m stop"],
  },
  { rule: "2.2 a download", script: [{ minutes: 300, network: 30 }], told: [] },
  { rule: "2.2 somebody types at a terminal", script: [{ minutes: 300, typing: true }], told: [] },
  {
    rule: "2.2 a terminal that is open and unused is nobody",
    script: [{ minutes: 5, typing: true }, nothing(60)],
    told: ["25.5m IdleSoon", "35.5m stop"],
  },
  {
    rule: "2.2 start-up grace",
    settings: { startupGraceMs: 30 * 60_000 },
    script: [nothing(120)],
    told: ["50.5m IdleSoon", "60.5m stop"],
  },
  {
    rule: "2.2 start-up grace is never longer than the timeout",
    world: onGpu("10m"),
    settings: { startupGraceMs: 30 * 60_000 },
    script: [nothing(120)],
    told: ["15.5m IdleSoon", "20.5m stop"],
  },
  {
    rule: "2.2 a window of looks in a row, however long one took",
    world: onGpu("10s"),
    settings: { samples: 100 },
    script: [nothing(30)],
    told: ["0.8m IdleSoon", "0.9m stop"],
  },
  { rule: "2.2 .keep-alive", script: [{ minutes: 300, keptAlive: true }], told: [] },
  {
    rule: "2.2 after .keep-alive the whole timeout counts",
    script: [{ minutes: 60, keptAlive: true }, nothing(60)],
    told: ["80.5m IdleSoon", "90.5m stop"],
  },
  {
    rule: "2.2 high demand",
    script: [{ minutes: 60, wantedBy: "bob/train" }],
    told: ["8.5m IdleSoon", "16m stop"],
  },
  {
    rule: "2.2 high demand that comes late still leaves the notice",
    script: [nothing(18), { minutes: 60, wantedBy: "bob/train" }],
    told: ["18.5m IdleSoon", "26m stop"],
  },
  {
    rule: "2.2 high demand that goes away",
    script: [{ minutes: 10, wantedBy: "bob/train" }, nothing(60)],
    told: ["8.5m IdleSoon", "10.5m IdleOver", "21m IdleSoon", "31m stop"],
  },
  {
    rule: "2.2 exempt users and containers",
    settings: { exempt: [{ user: "alice", name: "train" }] },
    script: [nothing(300)],
    told: [],
  },
  {
    rule: "E13 an exemption ends at its moment",
    settings: { exempt: [{ user: "alice", until: Date.UTC(2026, 10, 23, 13) }] },
    script: [nothing(120)],
    told: ["60m IdleSoon", "70m stop"],
  },
  {
    rule: "E13 of somebody of another name",
    settings: { exempt: [{ user: "alic" }] },
    script: [nothing(60)],
    told: ["21m IdleSoon", "31m stop"],
  },
  { rule: "D6 never", world: byQuota("never"), script: [nothing(3000)], told: [] },
  {
    rule: "D6 nothing said anywhere",
    world: running({ gpus: { count: 1 } }),
    script: [nothing(3000)],
    told: [],
  },
  { rule: "2.2 no GPU, timeout of the quota", world: byQuota("30m", {}), script: [nothing(300)], told: [] },
  {
    rule: "2.2 no GPU, configured to count",
    world: byQuota("30m", {}),
    settings: { withoutGpu: true },
    script: [{ minutes: 60, gpus: [] }],
    told: ["21m IdleSoon", "31m stop"],
  },
  {
    rule: "2.2 no GPU, timeout of its own",
    world: running({ lifecycle: { idleTimeout: "30m" } }),
    script: [{ minutes: 60, gpus: [] }],
    told: ["21m IdleSoon", "31m stop"],
  },
  // What was taken for idle and was not.
  { rule: "D10 data loading at 1 to 2 % of a CPU", script: [{ minutes: 300, cpu: 1.5, io: 300 }], told: [] },
  { rule: "D10 data loading from the network", script: [{ minutes: 300, cpu: 1.5, network: 300 }], told: [] },
  {
    rule: "D10 ranks that wait for one another spin",
    script: [{ minutes: 300, gpus: [100, 100], cpu: 100, gpuProcesses: 2 }],
    told: [],
  },
  {
    rule: "D10 writing a checkpoint",
    script: [training(60), { minutes: 40, gpus: [0], cpu: 1, io: 800 }, training(60)],
    told: [],
  },
  {
    rule: "D10 pauses between epochs that are shorter than the timeout",
    script: Array.from({ length: 10 }, () => [training(5), nothing(15)]).flat(),
    told: [],
  },
  { rule: "C9 one of several GPUs in use", script: [{ minutes: 300, gpus: [0, 0, 60, 0] }], told: [] },
  {
    rule: "C9 one of several GPUs not known",
    script: [{ minutes: 300, gpus: [0, null], gpuProcesses: null }],
    told: [],
  },
  { rule: "B2 nvidia-smi fails", script: [{ minutes: 300, gpus: [null], gpuProcesses: null }], told: [] },
  {
    rule: "B2 nvidia-smi that fails once in a while: the time starts over",
    script: Array.from({ length: 10 }, () => [
      nothing(19),
      { minutes: 0.5, gpus: [null], gpuProcesses: null },
    ]).flat(),
    told: [],
  },
  {
    rule: "2.2 a slice with a process that computes",
    script: [{ minutes: 300, gpus: [null], gpuProcesses: 1 }],
    told: [],
  },
  {
    rule: "2.2 a slice without one",
    script: [{ minutes: 60, gpus: [null], gpuProcesses: 0 }],
    told: ["21m IdleSoon", "31m stop"],
  },
  ...(["cpu", "network", "io", "typing"] as const).map((signal) => ({
    rule: `2.2 unknown is not idle: ${signal}`,
    script: [{ minutes: 300, [signal]: null }],
    told: [],
  })),
  // What was taken for busy and was not.
  {
    rule: "D10 an idle Jupyter with many processes",
    script: [{ minutes: 60, cpu: 0.6, network: 0.02, io: 0.1, gpuProcesses: 3 }],
    told: ["21m IdleSoon", "31m stop"],
  },
  {
    rule: "D10 a health check that was seen while it ran",
    script: [nothing(10), { minutes: 0.5, io: 0.4 }, { minutes: 0.5, io: -0.4 }, nothing(60)],
    told: ["21m IdleSoon", "31m stop"],
  },
  {
    rule: "D10 a process from outside that has done a lot and ends is no quiet moment",
    script: [{ minutes: 10, io: 0.9 }, { minutes: 0.5, io: -3 }, nothing(60)],
    told: ["31m IdleSoon", "41m stop"],
  },
  {
    rule: "G the network signal works at all: what was downloaded once does not count for ever",
    script: [{ minutes: 1, network: 4000 }, nothing(60)],
    told: ["21.5m IdleSoon", "31.5m stop"],
  },
  // Warnings.
  {
    rule: "D7 never a stop without a warning and the notice after it, also when a quota shortens the timeout",
    world: byQuota("30m"),
    script: [nothing(19), { minutes: 40, edit: (world) => ({ ...world, quota: byQuota("1m").quota }) }],
    told: ["19.1m IdleSoon", "19.6m stop"],
  },
  {
    rule: "D7 activity after the warning takes it back, and the next time is warned of anew",
    script: [nothing(25), { minutes: 1, cpu: 50 }, nothing(60)],
    told: ["21m IdleSoon", "25.5m IdleOver", "46.5m IdleSoon", "56.5m stop"],
  },
  // Restarts and clocks.
  {
    rule: "D4 the wall clock is set forth by a day",
    script: [nothing(10), { minutes: 60, clockJump: 24 * 60 }],
    told: ["21m IdleSoon", "31m stop"],
  },
  {
    rule: "D4 the wall clock is set back by a day",
    script: [nothing(10), { minutes: 60, clockJump: -24 * 60 }],
    told: ["21m IdleSoon", "31m stop"],
  },
  {
    rule: "A7 a controller that is away for a short time: what it has not seen does not count",
    script: [nothing(10), { minutes: 3, unseen: true }, nothing(60)],
    told: ["24.5m IdleSoon", "34.5m stop"],
  },
  {
    rule: "A7 what was used while the controller was away is not made less by the quiet time around it",
    script: [nothing(10), { minutes: 0.5, unseen: true, cpu: 3 }, nothing(60)],
    told: ["31.5m IdleSoon", "41.5m stop"],
  },
  {
    rule: "A7 nobody knows what a process did on a GPU while the controller was away",
    script: [
      { minutes: 10, gpuProcesses: 1 },
      { minutes: 3, unseen: true, gpuProcesses: 1 },
      { minutes: 60, gpuProcesses: 1 },
    ],
    told: ["34m IdleSoon", "44m stop"],
  },
  {
    rule: "A7 a controller that is away after the warning: the notice is given whole once it is back",
    script: [nothing(25), { minutes: 3, unseen: true }, nothing(60)],
    told: ["21m IdleSoon", "38.5m stop"],
  },
  {
    rule: "A7 a controller that is away for long: the time starts over",
    script: [nothing(10), { minutes: 60, unseen: true }, nothing(60)],
    told: ["91m IdleSoon", "101m stop"],
  },
  {
    rule: "A7 work while the controller is away",
    script: [nothing(10), { minutes: 3, unseen: true, cpu: 100 }, nothing(60)],
    told: ["34m IdleSoon", "44m stop"],
  },
  {
    rule: "E5 the state is lost: the time starts over",
    script: [nothing(25), { minutes: 60, forgotten: true }],
    told: ["21m IdleSoon", "25.5m IdleOver", "46m IdleSoon", "56m stop"],
  },
  {
    rule: "B12 another run of the same name inherits nothing",
    script: [
      nothing(25),
      {
        minutes: 60,
        edit: (world) => ({
          ...world,
          containers: world.containers.map((one) => ({ ...one, startedAt: (one.startedAt ?? 0) + 1 })),
        }),
      },
    ],
    told: ["21m IdleSoon", "25.5m IdleOver", "46m IdleSoon", "56m stop"],
  },
  {
    rule: "whoever edits the spec is there",
    script: [
      nothing(25),
      {
        minutes: 60,
        edit: (world) =>
          edited(world, { gpus: { count: 1 }, lifecycle: { idleTimeout: "30m" }, priority: 10 }),
      },
    ],
    told: ["21m IdleSoon", "25.5m IdleOver", "46m IdleSoon", "56m stop"],
  },
];

describe("idleness, rule by rule", () => {
  it.each(goldens)("$rule", ({ world = half, settings, script, told }) => {
    expect(playIdle(world, script, settings).told).toEqual(told);
  });
});
