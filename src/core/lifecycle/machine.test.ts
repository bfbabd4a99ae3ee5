import { describe, expect, it } from "vitest";
import { createActor, transition } from "xstate";
import { getShortestPaths } from "xstate/graph";
import { phases, type Phase } from "../../api/container.ts";
import { advance } from "./advance.ts";
import { factTypes, type FactType } from "./fact-types.ts";
import { lifecycleMachine, lifecycleTable } from "./machine.ts";

const table = lifecycleTable();
const states = Object.keys(table) as Phase[];
const facts = factTypes.filter((type) => type !== "engine.unreachable");
/** May be seen of any object at any moment, whatever its state. */
const everywhere: readonly FactType[] = [
  "spec.deleted",
  "spec.vanished",
  "container.lost",
  "container.stopping",
];

const rows = states.flatMap((state) =>
  Object.entries(table[state] ?? {}).map(([fact, row]) => ({ state, fact: fact as FactType, row })),
);

describe("the lifecycle machine", () => {
  it("has only states that people see", () => {
    expect(states.filter((state) => !phases.includes(state))).toEqual([]);
    expect(new Set(rows.map(({ row }) => row.target))).toEqual(new Set(states));
  });

  it.each(states)("goes on from %s as its table says", (state) => {
    const snapshot = lifecycleMachine.resolveState({ value: state, context: {} });
    for (const { fact, row } of rows.filter((candidate) => candidate.state === state)) {
      const next = { state: row.target, action: row.actions ?? null, legal: true };
      expect(advance(state, fact), fact).toEqual(next);
      expect(transition(lifecycleMachine, snapshot, { type: fact })[1].length).toBeLessThanOrEqual(1);
    }
  });

  it("knows no fact that no state accepts", () => {
    const accepted = new Set(rows.map(({ fact }) => fact));
    expect(facts.filter((fact) => !accepted.has(fact))).toEqual([]);
  });

  it("refuses what has no row and stays where it is", () => {
    const illegal = states.flatMap((state) =>
      facts.filter((fact) => table[state]?.[fact] === undefined).map((fact) => [state, fact] as const),
    );
    expect(illegal.length).toBeGreaterThan(20);
    for (const [state, fact] of illegal)
      expect(advance(state, fact)).toEqual({ state, action: null, legal: false });
  });

  it.each(states)("lets an object in %s be deleted, lost and stopped, and out of reach", (state) => {
    for (const fact of everywhere) expect(advance(state, fact).legal).toBe(true);
    expect(advance(state, "engine.unreachable")).toEqual({ state, action: null, legal: true });
  });

  it("adopts whatever is found in Pending, except an engine that does not answer", () => {
    expect(facts.filter((fact) => !advance("Pending", fact).legal)).toEqual([]);
    expect(table["Pending"]?.["engine.unreachable"]).toBeUndefined();
  });

  it("has a way from every state to every state", () => {
    for (const from of states) {
      const machine = lifecycleMachine;
      const paths = getShortestPaths(machine, {
        fromState: machine.resolveState({ value: from, context: {} }),
        events: facts.map((type) => ({ type })),
      });
      const reached = new Set(paths.map((path) => path.state.value));
      expect(reached, `from ${from}`).toEqual(new Set(states));
    }
  });

  it("is walked along its shortest paths by an actor as by the pure function", () => {
    const paths = getShortestPaths(lifecycleMachine, { events: facts.map((type) => ({ type })) });
    expect(paths).toHaveLength(states.length);
    for (const path of paths) {
      const actor = createActor(lifecycleMachine).start();
      let state: Phase = "Pending";
      for (const { event } of path.steps) {
        if (event.type === "xstate.init") continue;
        actor.send(event);
        state = advance(state, event.type as FactType).state;
      }
      expect(actor.getSnapshot().value).toBe(path.state.value);
      expect(state).toBe(path.state.value);
    }
  });

  it("comes to rest: no fact without an action moves a state on for ever", () => {
    for (const { state, fact, row } of rows) {
      if (row.actions !== undefined) continue;
      const visited = new Set<Phase>([state]);
      let current = advance(state, fact);
      while (current.legal && current.action === null && !visited.has(current.state)) {
        visited.add(current.state);
        current = advance(current.state, fact);
      }
      const rested =
        !current.legal || current.action !== null || advance(current.state, fact).state === current.state;
      expect(rested, `${state} ${fact}`).toBe(true);
    }
  });
});
