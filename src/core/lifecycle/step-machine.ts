import type { Phase } from "../../api/container.ts";
import { isLive } from "../plan/roles.ts";
import { advance } from "./advance.ts";
import type { Fact } from "./fact.ts";
import type { FactType } from "./fact-types.ts";
import type { LifecycleAction } from "./machine.ts";
import { observe } from "./observe.ts";
import type { Situation } from "./situation.ts";

/** More hops than any legal chain of facts without an action has. */
const maximumHops = 8;

/** States in which a container is expected; to find none there is news. */
const expectsContainer: ReadonlySet<Phase> = new Set([
  "Starting",
  "Running",
  "Paused",
  "Stopping",
  "Backoff",
  "Degraded",
  "Held",
]);

/** States that a process can be seen in. */
const living: ReadonlySet<Phase> = new Set([
  "Creating",
  "Starting",
  "Running",
  "Paused",
  "Stopping",
  "Degraded",
]);

/** States that say that a process runs. */
const mustLive: ReadonlySet<Phase> = new Set(["Running", "Paused", "Degraded"]);

/** What may have to be waited for with a container that runs and without one that does. */
const pausing: ReadonlySet<FactType> = new Set([
  "waiting",
  "image.missing",
  "image.aliased",
  "image.pulling",
  "image.unbuilt",
  "image.building",
  "retry.waiting",
  "stalled",
]);

/** Where the machine has come to, and what it asks for. */
export interface Stepped {
  readonly state: Phase;
  readonly fact: Fact;
  readonly action: LifecycleAction | null;
  /** A container was expected and is gone. */
  readonly lost: boolean;
  /** The state when nothing is done after all. */
  readonly resting: Phase;
}

/** Feeds facts to the machine until one asks for an action or nothing moves any more. */
export function stepMachine(situation: Situation): Stepped {
  let current = observe(situation);
  const lives = hasProcess(situation);
  const from = believable(situation.memory.state, current, lives);
  const resting = !lives && mustLive.has(from) && current.type !== "engine.unreachable" ? "Pending" : from;
  const lost = isLost(situation, from, current);
  let state = lost ? advance(from, "container.lost").state : from;
  for (let hop = 0; hop < maximumHops; hop += 1) {
    // The stored state already says so: the common no-op, without stepping the machine.
    if (current.type === "container.running" && state === "Running") break;
    const next = advance(state, current.type);
    if (!next.legal) {
      state = adopted(state, current, lives);
      continue;
    }
    if (next.action !== null || next.state === state)
      return { state: next.state, fact: current, action: next.action, lost, resting };
    state = next.state;
    current = observe(situation);
  }
  return { state, fact: current, action: null, lost, resting };
}

function hasProcess({ roles: { primary, replacement } }: Situation): boolean {
  return [primary, replacement].some((container) => container !== null && isLive(container));
}

/** The stored state unless it contradicts what is there: a crash or a lost store may have left anything. */
function believable(stored: Phase, { type }: Fact, lives: boolean): Phase {
  if (type === "engine.unreachable") return stored;
  if (lives) return living.has(stored) && (mustLive.has(stored) || !pausing.has(type)) ? stored : "Running";
  return mustLive.has(stored) && pausing.has(type) ? "Pending" : stored;
}

/** The state has no row for what is there; the world wins. */
function adopted(state: Phase, { type }: Fact, lives: boolean): Phase {
  if (lives && state !== "Running" && state !== "Pending") return "Running";
  if (state === "Pending") throw new Error(`the lifecycle has no row for ${type} in Pending`);
  return "Pending";
}

function isLost({ world, spec }: Situation, state: Phase, { type }: Fact): boolean {
  return (
    type !== "engine.unreachable" &&
    world.containers.length === 0 &&
    expectsContainer.has(state) &&
    spec.desiredState !== "Stopped"
  );
}
