import fc from "fast-check";
import { expect, test } from "vitest";
import { propertyRuns, propertyTimeoutMs } from "../../../test/support/property-runs.ts";
import { quietHost, recordOf, runPass, type PureHost } from "../../../test/support/pure-host.ts";
import { record, spec } from "../../../test/support/world-builder.ts";
import { hasCompleted } from "./dependencies.ts";

const count = 5;
const uidOf = (index: number): string => `uid-${index}`;

/** What happens next, and to whom. */
const happenings = fc.array(
  fc.record({
    who: fc.nat(count - 1),
    what: fc.constantFrom("look", "look", "look", "succeed", "fail", "edit", "lose"),
    carriedOut: fc.constantFrom(Infinity, Infinity, 0, 1),
  }),
  { maxLength: 60 },
);
/** Edges in any direction: some make circles, some lead to nothing. */
const edges = fc.array(fc.uniqueArray(fc.nat(count), { maxLength: 2 }), {
  minLength: count,
  maxLength: count,
});

function fresh(after: readonly (readonly number[])[]): PureHost {
  const records = after.map((names, index) =>
    record({
      name: `job-${index}`,
      uid: uidOf(index),
      spec: spec({
        restartPolicy: "Never",
        args: ["0"],
        ...(names.length === 0 ? {} : { after: names.map((name) => `job-${name}`) }),
      }),
    }),
  );
  return quietHost([], { records });
}

function happen(host: PureHost, who: number, what: string, step: number): PureHost {
  const uid = uidOf(who);
  if (what === "edit") {
    return {
      ...host,
      records: host.records.map((one) =>
        one.uid === uid && one.spec !== null
          ? { ...one, generation: one.generation + 1, spec: { ...one.spec, args: [String(step)] } }
          : one,
      ),
    };
  }
  const isOf = (labels: Readonly<Record<string, string>>): boolean => labels["ds01.uid"] === uid;
  if (what === "lose") return { ...host, containers: host.containers.filter(({ labels }) => !isOf(labels)) };
  return {
    ...host,
    containers: host.containers.map((one) =>
      isOf(one.labels) && one.state === "running"
        ? { ...one, state: "exited", finishedAt: host.now, exitCode: what === "fail" ? 1 : 0, pid: null }
        : one,
    ),
  };
}

test(
  "nothing is made before all that it is to start after have completed, whatever crashes or is edited",
  () => {
    fc.assert(
      fc.property(edges, happenings, (after, story) => {
        let host = fresh(after);
        for (const [step, { who, what, carriedOut }] of story.entries()) {
          host = { ...host, now: host.now + 1000 };
          if (what !== "look") {
            host = happen(host, who, what, step);
            continue;
          }
          const waitsFor = recordOf(host, uidOf(who)).spec?.after ?? [];
          const isOpen = waitsFor.some(
            (name) => !hasCompleted(host.records.find((one) => one.name === name)),
          );
          const { host: next, decision } = runPass(host, uidOf(who), carriedOut);
          if (isOpen) expect(decision.steps.filter((one) => one.do === "create")).toEqual([]);
          // Whoever waits says for what.
          if (decision.status.phase === "Pending") expect(decision.status.message ?? "").not.toBe("");
          host = next;
        }
      }),
      propertyRuns,
    );
  },
  propertyTimeoutMs,
);
