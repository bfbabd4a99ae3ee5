import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hosts } from "../../test/support/random-host.ts";
import { runPass, worldOf, type PureHost } from "../../test/support/pure-host.ts";
import { plainOutcome } from "../../test/support/plain-outcome.ts";
import { propertyRuns, propertyTimeoutMs } from "../../test/support/property-runs.ts";
import { phases } from "../api/container.ts";
import { canonicalJson } from "../util/hash.ts";
import { decide } from "./decide.ts";
import { deviceUuidsOf } from "./expiry.ts";
import { freshMemory } from "./lifecycle/memory.ts";
import { isLive, rolesOf } from "./plan/roles.ts";
import { renderPlan } from "./plan/render-plan.ts";
import type { World } from "./world.ts";

const uid = "uid-alice-job0";
const minute = 60_000;

/** Random worlds of one object, claims and queue computed as the controller does. */
const worlds = hosts(1).map((host) => ({ host, world: worldOf(host, uid) }));
/** The same without a container too many: those are left alone, so what they do is not ours to tell. */
const tidyWorlds = worlds.filter(({ world }) => rolesOf(world.record, world.containers).extras.length === 0);

/** A world in a few lines, for failures. */
function describeWorld({ world, host }: { readonly world: World; readonly host: PureHost }): string {
  const { record, containers, claim, schedule, image, nameTakenBy } = world;
  const { state, generation, ...memory } = record.memory;
  const told = Object.fromEntries(
    Object.entries(memory).filter(([, value]) => value !== null && value !== 0),
  );
  const lines = containers.map(
    (one) =>
      `${one.id} ${one.name} ${one.state} ran=${one.startedAt !== null} ${one.labels["ds01.spec-hash"]?.slice(0, 6)} [${deviceUuidsOf(one).join()}] exit=${one.exitCode}`,
  );
  return [
    `memory ${state} generation ${generation} of ${record.generation} ${canonicalJson(told)}`,
    `spec ${canonicalJson(record.spec)}`,
    `image ${image.type}, claim ${claim?.deviceUuids.join()}, schedule ${schedule?.type}, gpus ${host.inventory.ready}, taken ${nameTakenBy}`,
    ...lines,
  ].join("\n");
}

describe("decide, for any world", { timeout: propertyTimeoutMs }, () => {
  it("never throws, says every cause, and can be told as JSON", () => {
    fc.assert(
      fc.property(worlds, ({ world, host }) => {
        const { steps, status, memory, requeueAt, announcements } = decide(world, host.now);
        for (const step of steps) expect(step.cause.trim()).not.toBe("");
        for (const { reason, message } of announcements) expect([reason, message]).not.toContain("");
        expect(phases).toContain(status.phase);
        expect(JSON.parse(JSON.stringify({ status, memory }))).toEqual({ status, memory });
        if (requeueAt !== null) expect(Number.isFinite(requeueAt)).toBe(true);
      }),
      propertyRuns,
    );
  });

  it("decides the same about the same", () => {
    fc.assert(
      fc.property(worlds, ({ world, host }) => {
        const { attach, ...facts } = world;
        const schedule = world.schedule === null ? null : plainOutcome(world.schedule);
        const copy: World = { ...structuredClone({ ...facts, schedule }), attach };
        expect(canonicalJson(decide(copy, host.now))).toBe(canonicalJson(decide(world, host.now)));
        expect(copy).toEqual({ ...world, schedule });
      }),
      propertyRuns,
    );
  });

  it("does nothing while the engine is away, and nothing destructive before the source is read (I5)", () => {
    fc.assert(
      fc.property(worlds, fc.boolean(), ({ world, host }, engineReady) => {
        const { steps } = decide({ ...world, engineReady, sourceSynced: false }, host.now);
        expect(steps.filter((step) => step.do === "stop" || step.do === "remove")).toEqual([]);
        expect(decide({ ...world, engineReady: false }, host.now).steps).toEqual([]);
      }),
      propertyRuns,
    );
  });

  it("stops at once and removes nothing in an emergency before the source is read", () => {
    const emergencyStop = { user: null, by: "root", at: 0, reason: "smoke" };
    fc.assert(
      fc.property(worlds, ({ world, host }) => {
        const hurried: World = { ...world, engineReady: true, sourceSynced: false, emergencyStop };
        const { steps } = decide(hurried, host.now);
        for (const step of steps) {
          expect(step.do, renderPlan([step])).not.toBe("remove");
          if (step.do === "stop") expect(step.graceMs).toBe(0);
        }
        const isLeaving = world.containers.some(({ state }) => state === "removing");
        const { primary } = rolesOf(world.record, world.containers);
        if (isLeaving || primary === null || !isLive(primary) || world.record.memory.failure !== null) return;
        expect(
          steps.map((step) => step.do),
          describeWorld({ world, host }),
        ).toContain("stop");
      }),
      propertyRuns,
    );
  });

  it("touches only its own containers, and never removes one that lives (I9)", () => {
    fc.assert(
      fc.property(worlds, ({ world, host }) => {
        const own = new Map(world.containers.map((container) => [container.id, container]));
        for (const step of decide(world, host.now).steps) {
          if (!("id" in step) || step.id === null) continue;
          const container = own.get(step.id);
          expect(container, renderPlan([step])).toBeDefined();
          if (step.do === "remove" && container !== undefined) expect(isLive(container)).toBe(false);
        }
      }),
      propertyRuns,
    );
  });

  it("starts only what holds its devices (I1)", () => {
    fc.assert(
      fc.property(worlds, ({ world, host }) => {
        const assigned =
          world.schedule?.type === "assigned" ? world.schedule.devices.map((device) => device.uuid) : [];
        const granted = new Set([...(world.claim?.deviceUuids ?? []), ...assigned]);
        for (const step of decide(world, host.now).steps) {
          const container = world.containers.find((one) => step.do === "start" && one.id === step.id);
          const uuids = container === undefined ? [] : deviceUuidsOf(container);
          expect(
            uuids.filter((uuid) => !granted.has(uuid)),
            describeWorld({ world, host }),
          ).toEqual([]);
        }
      }),
      propertyRuns,
    );
  });

  it("says Running only of what lives, and Pending only of what does not", () => {
    fc.assert(
      fc.property(tidyWorlds, ({ world, host }) => {
        const { status, steps } = decide({ ...world, engineReady: true }, host.now);
        if (steps.length > 0 || world.record.spec === null) return;
        const lives = world.containers.some(isLive);
        if (status.phase === "Running") expect(lives, describeWorld({ world, host })).toBe(true);
        if (["Pending", "Preparing", "Held", "Released", "Completed", "Backoff"].includes(status.phase))
          expect(lives, describeWorld({ world, host })).toBe(false);
      }),
      propertyRuns,
    );
  });

  it("comes to rest within 15 passes, and then has nothing to do (I6)", () => {
    fc.assert(
      fc.property(tidyWorlds, ({ host: start }) => {
        const { host, plans } = settle(start);
        if (host === null)
          throw new Error(
            `no rest:\n${describeWorld({ world: worldOf(start, uid), host: start })}\n${plans.join("\n--\n")}`,
          );
        if (!host.records.some((record) => record.uid === uid)) return;
        const first = decide(worldOf(host, uid), host.now);
        expect(renderPlan(first.steps), describeWorld({ world: worldOf(start, uid), host: start })).toBe("");
        const again = runPass(host, uid).host;
        expect(canonicalJson(again.records)).toBe(canonicalJson(host.records));
      }),
      propertyRuns,
    );
  });

  it("comes to rest under an override with nothing that runs, whatever was before", () => {
    let rested = 0;
    fc.assert(
      fc.property(tidyWorlds, ({ host: given }) => {
        const override = { uid, namespace: "alice", name: "job0", by: "alice", reason: null };
        const start: PureHost = {
          ...given,
          engineReady: true,
          sourceSynced: true,
          stopping: new Map(),
          stopOverrides: [{ ...override, at: given.now, forMs: 24 * 60 * minute }],
        };
        const { host, plans } = settle(start);
        const told = `${describeWorld({ world: worldOf(start, uid), host: start })}\n${plans.join("\n--\n")}`;
        if (host === null) throw new Error(`no rest:\n${told}`);
        const record = host.records.find((one) => one.uid === uid);
        // A stop that the engine has refused is not tried again before its time, as any other.
        if (record === undefined || record.spec === null || record.memory.failure !== null) return;
        const { containers } = worldOf(host, uid);
        if (containers.some(({ state }) => state === "removing")) return;
        rested += 1;
        expect(containers.filter(isLive), told).toEqual([]);
        expect(record.status.override?.by, told).toBe("alice");
      }),
      propertyRuns,
    );
    // The property says nothing unless enough of the specs come to rest.
    expect(rested).toBeGreaterThan(propertyRuns.numRuns / 20);
  });

  it("leaves alone what runs as declared when its memory is lost (I6)", () => {
    const untouched = hosts(1).map((host) => ({
      ...host,
      containers: host.containers.filter((container) => container.labels["ds01.uid"] !== uid),
      engineReady: true,
      sourceSynced: true,
      stopping: new Map<string, number>(),
    }));
    let running = 0;
    fc.assert(
      fc.property(untouched, (start) => {
        const { host } = settle(start);
        const record = host?.records.find((one) => one.uid === uid);
        if (host === null || record === undefined || record.status.phase !== "Running") return;
        running += 1;
        const status = { ...record.status, phase: "Pending" } as const;
        const forgetful = { ...host, records: [{ ...record, memory: freshMemory(host.now), status }] };
        const decision = decide(worldOf(forgetful, uid), host.now);
        // How long it ran before, and under which limit, is history: then the limit counts from its last start.
        if (decision.fact.reason === "MaxRuntimeExceeded") return;
        expect(renderPlan(decision.steps)).toBe("");
        expect(decision.status.phase).toBe("Running");
      }),
      propertyRuns,
    );
    // The property says nothing unless enough of the specs come to run.
    expect(running).toBeGreaterThan(propertyRuns.numRuns / 20);
  });
});

/** Lets time pass until three looks in a row have changed nothing; null when that takes more than 15 passes. */
function settle(start: PureHost): { readonly host: PureHost | null; readonly plans: string[] } {
  let host = start;
  let quiet = 0;
  const plans: string[] = [];
  for (let pass = 0; pass < 15 + 3; pass += 1) {
    const { host: next, decision } = runPass(host, uid);
    plans.push(`${decision.fact.type} ${decision.status.phase}\n${renderPlan(decision.steps)}`);
    if (decision.gone) return { host: next, plans };
    const still = decision.steps.length === 0 && canonicalJson(next.records) === canonicalJson(host.records);
    quiet = still ? quiet + 1 : 0;
    if (quiet === 3) return { host: next, plans };
    // Only a wait of less than an hour is waited out.
    const wake = decision.steps.length > 0 ? null : decision.requeueAt;
    const soon = wake !== null && wake <= host.now + 60 * minute ? wake : host.now + 200;
    host = { ...next, now: Math.max(soon, host.now + 50) };
  }
  return { host: null, plans };
}
