import { transition } from "xstate";
import { phases, type Phase } from "../../api/container.ts";
import type { FactType } from "./fact-types.ts";
import { lifecycleMachine, type LifecycleAction } from "./machine.ts";

/** Result of stepping the machine once. */
export interface Advance {
  readonly state: Phase;
  readonly action: LifecycleAction | null;
  /** False: the state has no row for the fact, so the stored state contradicts the world. */
  readonly legal: boolean;
}

/** What the machine said so far: its rows never change, and asking it costs a hundred times as much. */
const known = new Map<string, Advance>();

/** Steps the machine by one fact; runs nothing. */
export function advance(state: Phase, fact: FactType): Advance {
  const key = `${state} ${fact}`;
  const answer = known.get(key) ?? step(state, fact);
  known.set(key, answer);
  return answer;
}

function step(state: Phase, fact: FactType): Advance {
  if (fact === "engine.unreachable") return { state, action: null, legal: true };
  const snapshot = lifecycleMachine.resolveState({ value: state, context: {} });
  const event = { type: fact };
  if (!snapshot.can(event)) return { state, action: null, legal: false };
  const [next, actions] = transition(lifecycleMachine, snapshot, event);
  return {
    state: asPhase(next.value),
    action: (actions[0]?.type as LifecycleAction | undefined) ?? null,
    legal: true,
  };
}

function asPhase(value: unknown): Phase {
  const phase = phases.find((candidate) => candidate === value);
  if (phase === undefined)
    throw new Error(`the lifecycle machine has a state that is no phase: ${String(value)}`);
  return phase;
}
