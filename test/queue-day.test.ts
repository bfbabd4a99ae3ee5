import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { propertyRuns, propertyTimeoutMs } from "./support/property-runs.ts";
import { endOf, type JobRun, playDay, randomJobs } from "./support/queue-day.ts";

const small = { users: 6, jobs: 60, gpus: 4 };
const runsOfDays = { numRuns: Math.ceil(propertyRuns.numRuns / 10) };

function overlaps(one: JobRun, other: JobRun): boolean {
  return one.startedAt < endOf(other) && other.startedAt < endOf(one);
}

describe("a day of random work", { timeout: propertyTimeoutMs }, () => {
  test("starts everybody in the end, and never two on one device", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const jobs = randomJobs(seed, small);
        const { runs } = playDay(jobs, small.gpus);
        expect(runs.map(({ job }) => job.uid).toSorted()).toEqual(jobs.map(({ uid }) => uid).toSorted());
        for (const [place, run] of runs.entries()) {
          for (const other of runs.slice(place + 1)) {
            if (overlaps(run, other))
              expect(run.devices.filter((uuid) => other.devices.includes(uuid))).toEqual([]);
          }
        }
      }),
      runsOfDays,
    );
  });

  test("starts nothing in place of work of higher priority that asks for no more and no longer", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const { runs } = playDay(randomJobs(seed, small), small.gpus);
        for (const { job: lower, startedAt: at } of runs) {
          const passed = runs.filter(
            ({ job, startedAt }) =>
              job.priority > lower.priority &&
              job.submittedAt <= at &&
              startedAt > at &&
              job.count <= lower.count &&
              (job.maxRuntimeMs ?? Infinity) <= (lower.maxRuntimeMs ?? Infinity),
          );
          expect(passed.map(({ job }) => job.uid)).toEqual([]);
        }
      }),
      runsOfDays,
    );
  });

  test("keeps every promise when work lasts as long as its limit and nothing comes later", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        // One job a person: use changes the order of a person's later work only.
        const jobs = randomJobs(seed, small).map((job) => ({
          ...job,
          namespace: job.uid,
          submittedAt: 0,
          maxRuntimeMs: job.runsMs,
        }));
        const { runs } = playDay(jobs, small.gpus);
        expect(runs.some(({ promisedAt }) => promisedAt !== null)).toBe(true);
        for (const { startedAt, promisedAt, job } of runs) {
          if (promisedAt !== null) expect(startedAt, job.uid).toBeLessThanOrEqual(promisedAt);
        }
      }),
      runsOfDays,
    );
  });
});
