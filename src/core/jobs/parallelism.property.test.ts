import fc from "fast-check";
import { expect, test } from "vitest";
import { propertyRuns, propertyTimeoutMs } from "../../../test/support/property-runs.ts";
import { quietHost, runPass, type PureHost } from "../../../test/support/pure-host.ts";
import { record, spec } from "../../../test/support/world-builder.ts";
import type { ContainerRecord } from "../record.ts";

const replicas = 5;

const happenings = fc.array(
  fc.record({
    who: fc.nat(replicas - 1),
    what: fc.constantFrom("look", "look", "look", "succeed", "fail", "lose", "edit", "narrow"),
    carriedOut: fc.constantFrom(Infinity, Infinity, 0, 1),
  }),
  { maxLength: 80 },
);

const jobs = fc.record({
  restartPolicy: fc.constantFrom("Never", "OnFailure"),
  backoffLimit: fc.constantFrom(0, 1),
});

function sweep(parallelism: number, fields: object): PureHost {
  const whole = record({ name: "lr", uid: "uid-lr", spec: spec({ ...fields, replicas, parallelism }) });
  const elements = Array.from({ length: replicas }, (_, index): ContainerRecord => {
    const one = record({ name: `lr-${index}`, uid: `uid-${index}`, spec: spec(fields) });
    return { ...one, source: { ...one.source, element: { of: "lr", index, replicas } } };
  });
  return quietHost([], { records: [whole, ...elements] });
}

function happen(host: PureHost, who: number, what: string): PureHost {
  const uid = `uid-${who}`;
  const isOf = (labels: Readonly<Record<string, string>>): boolean => labels["ds01.uid"] === uid;
  if (what === "lose") return { ...host, containers: host.containers.filter(({ labels }) => !isOf(labels)) };
  if (what === "edit" || what === "narrow") {
    const change = what === "edit" ? { args: [String(host.now)] } : { parallelism: 1 };
    const isMeant = (one: ContainerRecord): boolean => what === "edit" || one.uid === "uid-lr";
    const records = host.records.map((one) =>
      one.spec !== null && isMeant(one)
        ? { ...one, generation: one.generation + 1, spec: { ...one.spec, ...change } }
        : one,
    );
    return { ...host, records };
  }
  return {
    ...host,
    containers: host.containers.map((one) =>
      isOf(one.labels) && one.state === "running"
        ? { ...one, state: "exited", finishedAt: host.now, exitCode: what === "fail" ? 1 : 0, pid: null }
        : one,
    ),
  };
}

const alive = ({ containers }: PureHost): number =>
  new Set(containers.filter(({ state }) => state === "running").map(({ labels }) => labels["ds01.uid"])).size;

test(
  "no more elements of a sweep are alive than its parallelism, whatever fails, is lost or is edited",
  () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), jobs, happenings, (parallelism, fields, story) => {
        let host = sweep(parallelism, fields);
        for (const { who, what, carriedOut } of story) {
          host = { ...host, now: host.now + 15_000 };
          host = what === "look" ? runPass(host, `uid-${who}`, carriedOut).host : happen(host, who, what);
          expect(alive(host)).toBeLessThanOrEqual(parallelism);
        }
      }),
      propertyRuns,
    );
  },
  propertyTimeoutMs,
);

test("a sweep whose elements all end well is done, however few run beside one another", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), (parallelism) => {
      let host = sweep(parallelism, { restartPolicy: "Never" });
      for (let round = 0; round < 60; round += 1) {
        host = { ...host, now: host.now + 15_000 };
        const who = round % replicas;
        host = runPass(host, `uid-${who}`).host;
        if (round % 3 === 0) host = happen(host, who, "succeed");
      }
      const ends = host.records.filter(({ memory }) => memory.finished?.reason === "Completed");
      expect(ends).toHaveLength(replicas);
    }),
    propertyRuns,
  );
});
