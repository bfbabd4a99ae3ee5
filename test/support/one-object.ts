import { decide } from "../../src/core/decide.ts";
import type { LifecycleMemory, StepFailure } from "../../src/core/lifecycle/memory.ts";
import type { ObservedContainer } from "../../src/core/observed.ts";
import { predict } from "../../src/core/plan/predict.ts";
import type { QuotaRecord } from "../../src/core/record.ts";
import type { World } from "../../src/core/world.ts";
import { device, record, spec, startOfTest, world } from "./world-builder.ts";

type SpecFields = Parameters<typeof spec>[0];

/** Carries out what is decided for so many passes, four seconds apart. */
export function after(passes: number, start: World, at: number): World {
  let current = start;
  for (let pass = 0; pass < passes; pass += 1) {
    const time = at + pass * 4000;
    current = predict(current, decide(current, time), time);
  }
  return current;
}

/** An object of this spec whose container runs since the start of the test. */
export function running(
  fields: SpecFields = {},
  quotas: readonly QuotaRecord[] = [],
  around: Partial<World> = {},
): World {
  const own = record({ spec: spec(fields) });
  const schedule =
    own.spec?.gpus === undefined ? null : ({ type: "assigned", devices: [device(0)] } as const);
  return after(3, world({ record: own, schedule, ...around }, quotas), startOfTest);
}

/** The owner saves another spec. */
export function edited(start: World, fields: SpecFields): World {
  const { generation } = start.record;
  return { ...start, record: { ...start.record, generation: generation + 1, spec: spec(fields) } };
}

/** Containers look different: all of them, or only those that are meant. */
export function changed(
  start: World,
  change: Partial<ObservedContainer>,
  isMeant: (container: ObservedContainer) => boolean = () => true,
): World {
  const containers = start.containers.map((one) => (isMeant(one) ? { ...one, ...change } : one));
  return { ...start, containers };
}

/** The object remembers something else. */
export function remembering(start: World, memory: Partial<LifecycleMemory>): World {
  return { ...start, record: { ...start.record, memory: { ...start.record.memory, ...memory } } };
}

/** What a container that ended by itself looks like. */
export function ended(at: number, exitCode = 1): Partial<ObservedContainer> {
  return { state: "exited", exitCode, finishedAt: at, pid: null };
}

/** A step of the first generation that failed, unless told so often that it waits for the longest time. */
export function failure(step: string, nextAt: number, attempts = 10): StepFailure {
  const [reason, message] = ["EngineError", "the engine said 500"];
  return { generation: 1, step, reason, message, stalled: false, attempts, nextAt };
}
