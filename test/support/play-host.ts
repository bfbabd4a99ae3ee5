import type { ContainerRecord } from "../../src/core/record.ts";
import { freshMemory } from "../../src/core/lifecycle/memory.ts";
import { isLive } from "../../src/core/plan/roles.ts";
import type { Step } from "../../src/core/plan/step.ts";
import { quietHost, runPass, type PureHost } from "./pure-host.ts";
import { device, record, spec } from "./world-builder.ts";

/** A container spec that is declared at a moment, for one GPU where `fields` say nothing else. */
export function declared(
  namespace: string,
  name: string,
  at: number,
  fields: Parameters<typeof spec>[0] = {},
): ContainerRecord {
  return record({
    namespace,
    name,
    createdAt: at,
    spec: spec({ gpus: { count: 1 }, stopGracePeriod: "5s", ...fields }),
    memory: freshMemory(at),
  });
}

/** A host with so many whole GPUs and nothing on it; `changes` replace whole members. */
export function pureHost(gpus: number, changes: Partial<PureHost> = {}): PureHost {
  const devices = Array.from({ length: gpus }, (_, index) => device(index));
  return quietHost(devices, changes);
}

/** A step that was taken while a host was played. */
export interface Told {
  readonly at: number;
  readonly uid: string;
  readonly step: Step["do"];
  readonly cause: string;
}

/** Lets the controller look at everybody every `every` seconds for so long; steps are added to `told`. */
export function play(from: PureHost, seconds: number, told: Told[] = [], every = 1): PureHost {
  let current = from;
  for (let passed = 0; passed < seconds; passed += every) {
    for (const { uid } of current.records) {
      const { host: next, decision } = runPass(current, uid);
      for (const { do: step, cause } of decision.steps) told.push({ at: current.now, uid, step, cause });
      current = next;
    }
    current = { ...current, now: current.now + every * 1000 };
  }
  return current;
}

/** The host with more declared. */
export function declare(from: PureHost, ...records: readonly ContainerRecord[]): PureHost {
  return { ...from, records: [...from.records, ...records] };
}

/** `alice/train` of everything that runs, sorted. */
export function runs(from: PureHost): readonly string[] {
  return from.containers
    .filter(isLive)
    .map(({ labels }) => `${labels["ds01.user"]}/${labels["ds01.name"]}`)
    .toSorted();
}
