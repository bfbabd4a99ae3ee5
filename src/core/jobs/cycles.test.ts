import fc from "fast-check";
import { expect, test } from "vitest";
import { propertyRuns, propertyTimeoutMs } from "../../../test/support/property-runs.ts";
import { findCycles } from "./cycles.ts";

const edges = fc.array(fc.uniqueArray(fc.nat(7), { maxLength: 4 }), { minLength: 8, maxLength: 8 });

test(
  "a cycle is told for each node that leads back to itself, and for no other",
  () => {
    fc.assert(
      fc.property(edges, (graph) => {
        const next = (node: string): readonly string[] => (graph[Number(node)] ?? []).map(String);
        const cycleOf = findCycles(
          graph.map((_edges, index) => String(index)),
          next,
        );
        for (const index of graph.keys()) {
          const node = String(index);
          const reached = new Set<string>(next(node));
          for (const one of reached) for (const target of next(one)) reached.add(target);
          const cycle = cycleOf(node);
          expect(cycle !== null).toBe(reached.has(node));
          if (cycle === null) continue;
          expect(cycle.nodes[cycle.at]).toBe(node);
          expect(new Set(cycle.nodes).size).toBe(cycle.nodes.length);
          for (const [at, one] of cycle.nodes.entries()) {
            expect(next(one)).toContain(cycle.nodes[(at + 1) % cycle.nodes.length]);
          }
        }
      }),
      propertyRuns,
    );
  },
  propertyTimeoutMs,
);
