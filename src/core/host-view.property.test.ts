import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plainOutcome } from "../../test/support/plain-outcome.ts";
import { propertyRuns, propertyTimeoutMs } from "../../test/support/property-runs.ts";
import { recordOf, runPass, viewOf, type PureHost } from "../../test/support/pure-host.ts";
import { hosts, specs } from "../../test/support/random-host.ts";
import { deviceUuidsOf } from "./expiry.ts";
import { devicesToLeave } from "./health/relocation.ts";
import type { HostView } from "./host-view.ts";
import { freshMemory } from "./lifecycle/memory.ts";
import type { ObservedContainer } from "./observed.ts";
import { isLive } from "./plan/roles.ts";
import { overlap } from "./schedule/device-order.ts";
import type { Device } from "./schedule/device.ts";

const minute = 60_000;
const crowd = hosts(4);

/** Its process runs, or may run. */
function mayRun(container: ObservedContainer): boolean {
  return isLive(container) || container.state === "removing" || container.lingering === true;
}

/** Owners of a container of ours with a process on each device. */
function usersOf(
  host: PureHost,
  isUse: (container: ObservedContainer) => boolean,
): ReadonlyMap<string, ReadonlySet<string>> {
  const users = new Map<string, Set<string>>();
  for (const container of host.containers.filter(isUse)) {
    const owner = container.labels["ds01.instance"] === "test" ? container.labels["ds01.uid"] : undefined;
    if (owner === undefined) continue;
    for (const uuid of deviceUuidsOf(container)) users.set(uuid, (users.get(uuid) ?? new Set()).add(owner));
  }
  return users;
}

function sharedDevices(host: PureHost, isUse: (container: ObservedContainer) => boolean): readonly string[] {
  return [...usersOf(host, isUse)].filter(([, users]) => users.size > 1).map(([uuid]) => uuid);
}

function assignedIn(
  view: HostView,
): readonly { readonly uid: string; readonly devices: readonly Device[] }[] {
  return [...view.outcomes].flatMap(([uid, outcome]) =>
    outcome.type === "assigned" ? [{ uid, devices: outcome.devices }] : [],
  );
}

describe("the view of a host", { timeout: propertyTimeoutMs }, () => {
  it("lets no two objects claim one device, unless processes of both run on it (I1)", () => {
    fc.assert(
      fc.property(crowd, (host) => {
        const lively = usersOf(host, mayRun);
        const holders = new Map<string, string>();
        for (const claim of viewOf(host).claims.values()) {
          for (const uuid of claim.deviceUuids) {
            const other = holders.get(uuid);
            holders.set(uuid, claim.uid);
            if (other === undefined) continue;
            expect(lively.get(uuid)?.size ?? 0, `${uuid}: ${other} and ${claim.uid}`).toBeGreaterThan(1);
          }
        }
      }),
      propertyRuns,
    );
  });

  it("gives a device with a process of an object on it to nobody else", () => {
    fc.assert(
      fc.property(crowd, (host) => {
        const view = viewOf(host);
        for (const [uuid, users] of usersOf(host, mayRun)) {
          for (const claim of view.claims.values())
            if (claim.deviceUuids.includes(uuid)) expect([...users]).toContain(claim.uid);
        }
      }),
      propertyRuns,
    );
  });

  it("assigns only healthy devices that nobody else holds, each once, and none before the stack answers", () => {
    fc.assert(
      fc.property(crowd, (host) => {
        const view = viewOf(host);
        const given: { readonly uid: string; readonly device: Device }[] = [];
        for (const { uid, devices } of assignedIn(view)) {
          expect(host.inventory.ready).toBe(true);
          expect(devices).toHaveLength(recordOf(host, uid).spec?.gpus?.count ?? 0);
          for (const device of devices) {
            expect(device.healthy).toBe(true);
            const held = view.leases.find(
              ({ deviceUuid, holder }) =>
                deviceUuid === device.uuid && !(holder.type === "object" && holder.uid === uid),
            );
            expect(held).toBeUndefined();
            expect(given.find((other) => overlap(other.device, device))).toBeUndefined();
            given.push({ uid, device });
          }
        }
      }),
      propertyRuns,
    );
  });

  it("assigns nobody more than the quota, counting what is held already (I2)", () => {
    fc.assert(
      fc.property(crowd, (host) => {
        const view = viewOf(host);
        const added = new Map<string, number>();
        const givenUp = new Map<string, number>();
        for (const { uid, devices } of assignedIn(view)) {
          const { namespace } = recordOf(host, uid);
          const own = view.claims.get(uid)?.deviceUuids ?? [];
          const cost = devices
            .filter(({ uuid }) => !own.includes(uuid))
            .reduce((sum, device) => sum + device.gpuEquivalents, 0);
          added.set(namespace, (added.get(namespace) ?? 0) + cost);
          const held = host.inventory.devices.filter(({ uuid }) => own.includes(uuid));
          const left = devicesToLeave(held, (view.containersOf.get(uid) ?? []).some(isLive));
          const back = left.reduce((sum, device) => sum + device.gpuEquivalents, 0);
          givenUp.set(namespace, (givenUp.get(namespace) ?? 0) + back);
        }
        for (const [namespace, cost] of added) {
          const nominal = view.quotaOf(namespace).gpuNominal.value;
          if (nominal === null || cost === 0) continue;
          // What cannot be used any more and is exchanged counts for nobody.
          const used = view.usage(namespace, null).gpuEquivalents - (givenUp.get(namespace) ?? 0);
          expect(used + cost).toBeLessThanOrEqual(nominal + 1e-6);
        }
      }),
      propertyRuns,
    );
  });

  it("is the same for records and containers in any order", () => {
    fc.assert(
      fc.property(crowd, (host) => {
        const turned = {
          ...host,
          records: host.records.toReversed(),
          containers: host.containers.toReversed(),
        };
        const [one, other] = [viewOf(host), viewOf(turned)];
        const claims = (view: HostView): unknown =>
          [...view.claims.values()]
            .map(({ uid, deviceUuids, state, until }) => ({
              uid,
              devices: deviceUuids.toSorted(),
              state,
              until,
            }))
            .toSorted((a, b) => (a.uid < b.uid ? -1 : 1));
        expect(claims(one)).toEqual(claims(other));
        expect(toldIn(one)).toEqual(toldIn(other));
      }),
      propertyRuns,
    );
  });
});

type Move =
  | { readonly do: "look"; readonly carriedOut: number }
  | { readonly do: "kill" | "remove" | "forget" | "stop" | "edit" | "delete" }
  | { readonly do: "wait"; readonly ms: number };

const moves = fc.array(
  fc.record({
    which: fc.nat({ max: 3 }),
    move: fc.oneof(
      {
        arbitrary: fc.record({
          do: fc.constant("look"),
          carriedOut: fc.constantFrom(Infinity, Infinity, 1, 0),
        }),
        weight: 12,
      },
      {
        arbitrary: fc.record({ do: fc.constantFrom("kill", "remove", "forget", "stop", "edit", "delete") }),
        weight: 3,
      },
      {
        arbitrary: fc.record({ do: fc.constant("wait"), ms: fc.constantFrom(1000, 20_000, 20 * minute) }),
        weight: 2,
      },
    ) as fc.Arbitrary<Move>,
    change: specs,
  }),
  { minLength: 10, maxLength: 40 },
);

describe("a host that goes on", { timeout: propertyTimeoutMs }, () => {
  it("never comes to have two objects on one device, nor somebody over quota, whatever happens (I1, I2)", () => {
    fc.assert(
      fc.property(crowd, moves, (start, sequence) => {
        let host: PureHost = { ...start, engineReady: true, sourceSynced: true };
        const before = new Set(sharedDevices(host, mayRun));
        for (const { which, move, change } of sequence) {
          const uid = host.records[which]?.uid;
          if (uid === undefined) continue;
          const next = apply(host, uid, move, change);
          const fresh = sharedDevices(next, isLive).filter((uuid) => !before.has(uuid));
          expect(fresh, `${move.do} of ${uid}\n${tell(host)}\n--\n${tell(next)}`).toEqual([]);
          if (move.do === "look") expect(overQuota(next, host, uid)).toBeNull();
          host = next;
        }
      }),
      { numRuns: propertyRuns.numRuns / 2 },
    );
  });
});

function apply(
  host: PureHost,
  uid: string,
  move: Move,
  change: (typeof host.records)[number]["spec"],
): PureHost {
  const own = (container: ObservedContainer): boolean => container.labels["ds01.uid"] === uid;
  const withRecord = (fields: Partial<(typeof host.records)[number]>): PureHost => ({
    ...host,
    records: host.records.map((record) => (record.uid === uid ? { ...record, ...fields } : record)),
  });
  switch (move.do) {
    case "look":
      return runPass({ ...host, now: host.now + 100 }, uid, move.carriedOut).host;
    case "kill":
      return {
        ...host,
        containers: host.containers.map((one) =>
          own(one) && isLive(one)
            ? { ...one, state: "exited", exitCode: 137, finishedAt: host.now, pid: null, health: null }
            : one,
        ),
      };
    case "remove":
      return { ...host, containers: host.containers.filter((one) => !own(one)) };
    case "forget":
      return withRecord({ memory: freshMemory(host.now) });
    case "stop": {
      const { spec, generation } = recordOf(host, uid);
      return spec === null
        ? host
        : withRecord({ spec: { ...spec, desiredState: "Stopped" }, generation: generation + 1 });
    }
    case "edit":
      return withRecord({ spec: change, generation: recordOf(host, uid).generation + 1 });
    case "delete":
      return withRecord({ deletion: { requestedAt: host.now, cause: "its file is gone" } });
    case "wait":
      return { ...host, now: host.now + move.ms };
  }
}

/** A host in a few lines, for failures. */
function tell(host: PureHost): string {
  const { claims, outcomes } = viewOf(host);
  const objects = host.records.map(({ uid, memory, spec }) => {
    const outcome = outcomes.get(uid);
    const given =
      outcome?.type === "assigned" ? outcome.devices.map((device) => device.uuid).join() : outcome?.type;
    return `${uid} ${memory.state} ${spec?.desiredState} ${JSON.stringify(spec?.gpus)} claims ${claims.get(uid)?.deviceUuids.join()} gets ${given}`;
  });
  const containers = host.containers.map(
    (one) => `${one.id} ${one.name} ${one.state} started ${one.startedAt} [${deviceUuidsOf(one).join()}]`,
  );
  return [...objects, ...containers].join("\n");
}

/** The namespace of an object when a container made for it just now takes it over its nominal GPUs. */
function overQuota(now: PureHost, before: PureHost, uid: string): string | null {
  const made = now.containers.some((one) => !before.containers.some(({ id }) => id === one.id));
  if (!made) return null;
  const { namespace } = recordOf(now, uid);
  const view = viewOf(now);
  const nominal = view.quotaOf(namespace).gpuNominal.value;
  const [used, had] = [view, viewOf(before)].map((one) => one.usage(namespace, null).gpuEquivalents);
  const over = nominal !== null && (used ?? 0) > nominal + 1e-6 && (used ?? 0) > (had ?? 0) + 1e-6;
  return over ? namespace : null;
}

function toldIn({ outcomes }: HostView): unknown {
  return [...outcomes].toSorted(byKey).map(([uid, outcome]) => [uid, plainOutcome(outcome)]);
}

function byKey(left: readonly [string, unknown], right: readonly [string, unknown]): number {
  return left[0] < right[0] ? -1 : 1;
}
