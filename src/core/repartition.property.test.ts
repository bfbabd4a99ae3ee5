import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { propertyRuns, propertyTimeoutMs } from "../../test/support/property-runs.ts";
import { quietHost, recordOf, runPass, viewOf, type PureHost } from "../../test/support/pure-host.ts";
import { type CardShape, cardShapes, devicesOfCards } from "../../test/support/random-cards.ts";
import { record, spec } from "../../test/support/world-builder.ts";
import type { ObservedContainer } from "./observed.ts";
import { isLive } from "./plan/roles.ts";
import type { CutPart, CutProfile } from "./schedule/cut.ts";
import type { Device, Inventory } from "./schedule/device.ts";
import { coversSame } from "./schedule/placement.ts";
import { nextRecut, type Recut } from "./schedule/recut.ts";

const gi = 1024 ** 3;

const requests = [
  { count: 1 },
  { count: 1, profile: "2g.20gb" },
  { count: 1, profile: "1g.10gb" },
  { count: 2, profile: "1g.10gb" },
  { count: 1, allowMig: true, minMemory: "30Gi" },
  { count: 1, allowMig: true },
  { count: 1, shared: { replicas: 4 } },
  { count: 1, profile: "3g.40gb" },
];

type Move =
  | { readonly do: "look"; readonly which: number }
  | { readonly do: "end" | "linger" | "remove"; readonly which: number }
  | { readonly do: "cut"; readonly card: number; readonly shape: CardShape }
  | { readonly do: "deaf" | "hears" | "recut" };

const which = fc.nat({ max: 5 });
const moves: fc.Arbitrary<readonly Move[]> = fc.array(
  fc.oneof(
    { arbitrary: fc.record({ do: fc.constant("look" as const), which }), weight: 12 },
    {
      arbitrary: fc.record({
        do: fc.constantFrom("end" as const, "linger" as const, "remove" as const),
        which,
      }),
      weight: 3,
    },
    {
      arbitrary: fc.record({ do: fc.constant("cut" as const), card: fc.nat({ max: 1 }), shape: cardShapes }),
      weight: 3,
    },
    { arbitrary: fc.record({ do: fc.constantFrom("deaf" as const, "hears" as const) }), weight: 1 },
    { arbitrary: fc.record({ do: fc.constant("recut" as const) }), weight: 4 },
  ),
  { minLength: 15, maxLength: 60 },
);

const profiles: readonly CutProfile[] = [
  { name: "1g.10gb", id: 19, size: 1, starts: [0, 1, 2, 3, 4, 5, 6], most: 7, memoryBytes: 10 * gi },
  { name: "2g.20gb", id: 14, size: 2, starts: [0, 2, 4], most: 3, memoryBytes: 20 * gi },
  { name: "3g.40gb", id: 9, size: 4, starts: [0, 4], most: 2, memoryBytes: 40 * gi },
  { name: "7g.80gb", id: 0, size: 8, starts: [0], most: 1, memoryBytes: 80 * gi },
];

/** The devices, where cards that are cut may be cut further by ds01. */
function inventoryOf(shapes: readonly CardShape[], ready = true): Inventory {
  const devices = devicesOfCards(shapes).map((device): Device => {
    const shape = shapes[device.index];
    if (device.profile !== null || shape === undefined || "shared" in shape || !shape.placed) return device;
    const parts = shape.slices.flatMap((text) => (text === "" ? [] : [partOf(text)]));
    return { ...device, cutting: { profiles, parts, byDs01: true } };
  });
  return { ready, message: ready ? "" : "away", devices, usage: new Map() };
}

function partOf(text: string): CutPart {
  const [, profile = "", start, size] = /^([^@]+)@(\d+):(\d+)$/.exec(text) ?? [];
  return { profile, placement: { start: Number(start), size: Number(size) } };
}

/** One change of the cards by ds01 itself, as if it had cut every slice that is there; null when it makes none. */
function recutOf(host: PureHost, shapes: readonly CardShape[]): Recut | null {
  if (!host.inventory.ready) return null;
  const { demands, outcomes, leases } = viewOf(host);
  const wanted = demands.flatMap((demand) => {
    const outcome = outcomes.get(demand.uid);
    return outcome?.type === "waiting" ? [{ demand, quotaLeft: outcome.quotaLeft }] : [];
  });
  const own = shapes.flatMap((shape, index) =>
    "shared" in shape
      ? []
      : shape.slices.flatMap((text, gpuInstance) =>
          text === "" ? [] : [{ ...partOf(text), cardUuid: `GPU-${index}`, gpuInstance }],
        ),
  );
  return nextRecut({ wanted, devices: host.inventory.devices, leases, own });
}

/** The driver gives a new slice the first number that is free, and with it the UUID of who had that before. */
function recutShape(shape: CardShape | undefined, recut: Recut): CardShape {
  if (shape === undefined || "shared" in shape) throw new Error("only cards in MIG mode are cut");
  if (recut.do === "destroy") {
    return { ...shape, slices: shape.slices.with(recut.own.gpuInstance, "") };
  }
  const { profile, placement } = recut;
  const others = shape.slices.flatMap((text) => (text === "" ? [] : [partOf(text).placement]));
  expect(others.filter((other) => coversSame(other, placement))).toEqual([]);
  const made = `${profile.name}@${placement.start}:${placement.size}`;
  const place = shape.slices.indexOf("");
  return { ...shape, slices: place < 0 ? [...shape.slices, made] : shape.slices.with(place, made) };
}

function hostOf(shapes: readonly CardShape[], asked: readonly number[]): PureHost {
  const records = asked.map((request, index) =>
    record({
      name: `job${index}`,
      spec: spec({ gpus: requests[request % requests.length], lifecycle: { holdGpuAfterStop: "0s" } }),
    }),
  );
  return quietHost(devicesOfCards(shapes), { records });
}

function mayLive(container: ObservedContainer): boolean {
  return isLive(container) || container.lingering === true;
}

/** What of the hardware a container was made with, read off its labels: parts of cards, and turns on shared ones. */
function partsOf({ labels }: ObservedContainer): readonly string[] {
  const uuids = (labels["ds01.gpu.uuids"] ?? "").split(",").filter((uuid) => uuid !== "");
  const shapes = (labels["ds01.gpu.slices"] ?? "").split(",");
  return uuids.flatMap((uuid, place) => {
    const [, card = uuid, shape = "", start, size] =
      /^(.*)\/([^@]+)(?:@(\d+)(?::(\d+))?)?$/.exec(shapes[place] ?? "") ?? [];
    if (shape === "shared") return [`${card} turn ${uuid.split("::")[1]}`];
    const all = [...Array(8).keys()].map((slice) => `${card} memory ${slice}`);
    if (shape === "") return all;
    return size === undefined ? [] : all.slice(Number(start), Number(start) + Number(size));
  });
}

/** Two parts of one card that cannot be had by two: the same part, or a part of it and a turn on the whole. */
function clash(left: readonly string[], right: readonly string[]): boolean {
  const isTurn = (part: string): boolean => part.includes(" turn ");
  const cardOf = (part: string): string => part.split(" ")[0] ?? "";
  return left.some((one) =>
    right.some((other) => one === other || (cardOf(one) === cardOf(other) && isTurn(one) !== isTurn(other))),
  );
}

function applyRecut(host: PureHost, shapes: CardShape[]): PureHost {
  const recut = recutOf(host, shapes);
  if (recut === null) return host;
  const index = recut.do === "create" ? recut.card.index : recut.slice.index;
  shapes[index] = recutShape(shapes[index], recut);
  return { ...host, inventory: inventoryOf(shapes) };
}

function apply(host: PureHost, shapes: CardShape[], move: Move): PureHost {
  switch (move.do) {
    case "look": {
      const uid = host.records[move.which]?.uid;
      return uid === undefined ? host : runPass({ ...host, now: host.now + 60_000 }, uid).host;
    }
    case "end":
    case "linger":
    case "remove": {
      const uid = host.records[move.which]?.uid;
      const isOwn = (one: ObservedContainer): boolean => one.labels["ds01.uid"] === uid;
      if (move.do === "remove") return { ...host, containers: host.containers.filter((one) => !isOwn(one)) };
      const ended = { state: "exited", exitCode: 1, finishedAt: host.now, pid: null, health: null } as const;
      return {
        ...host,
        containers: host.containers.map((one) =>
          isOwn(one) && isLive(one) ? { ...one, ...ended, lingering: move.do === "linger" } : one,
        ),
      };
    }
    case "cut":
      if (move.card >= shapes.length) return host;
      shapes[move.card] = move.shape;
      return host.inventory.ready ? { ...host, inventory: inventoryOf(shapes) } : host;
    case "recut":
      return applyRecut(host, shapes);
    case "deaf":
      return { ...host, inventory: { ...host.inventory, ready: false, message: "away" } };
    case "hears":
      return { ...host, inventory: inventoryOf(shapes) };
  }
}

const start = fc.record({
  shapes: fc.array(cardShapes, { minLength: 1, maxLength: 2 }),
  asked: fc.array(fc.nat({ max: requests.length - 1 }), { minLength: 6, maxLength: 6 }),
});

describe("cards that are cut anew while containers run", { timeout: propertyTimeoutMs }, () => {
  it("never come to have two objects on one part of the hardware, whatever happens (I1)", () => {
    let [made, left, recut] = [0, 0, 0];
    fc.assert(
      fc.property(start, moves, ({ shapes: given, asked }, sequence) => {
        const shapes = [...given];
        let host = hostOf(shapes, asked);
        for (const move of sequence) {
          const next = apply(host, shapes, move);
          const isNew = (one: ObservedContainer): boolean =>
            mayLive(one) && !host.containers.some(({ id, startedAt }) => id === one.id && startedAt !== null);
          for (const fresh of next.containers.filter(isNew)) {
            made += 1;
            for (const other of next.containers.filter(mayLive)) {
              if (other.labels["ds01.uid"] === fresh.labels["ds01.uid"]) continue;
              const story = `${JSON.stringify(move)}: ${fresh.name} ${partsOf(fresh).join()} and ${other.name} ${partsOf(other).join()}`;
              expect(clash(partsOf(fresh), partsOf(other)), story).toBe(false);
            }
          }
          if (move.do === "recut" && next !== host) recut += 1;
          left += [...viewOf(next).claims.values()].filter(({ gone = [] }) => gone.length > 0).length;
          host = next;
        }
      }),
      propertyRuns,
    );
    // Containers were made, cards were cut under some of them, and by ds01 for some.
    expect(Math.min(made, left, recut)).toBeGreaterThan(propertyRuns.numRuns / 8);
  });

  it("ends nothing that runs as declared because of it, and settles again", () => {
    fc.assert(
      fc.property(start, moves, ({ shapes: given, asked }, sequence) => {
        const shapes = [...given];
        let host = hostOf(shapes, asked);
        for (const move of sequence) {
          const before = host.containers.filter(isLive).map(({ id }) => id);
          const next = apply(host, shapes, move);
          if (move.do === "look") {
            const live = new Set(next.containers.filter(isLive).map(({ id }) => id));
            expect(before.filter((id) => !live.has(id))).toEqual([]);
          }
          host = next;
        }
        for (let round = 0; round < 6; round += 1) {
          for (let index = 0; index < asked.length; index += 1)
            host = apply(host, shapes, { do: "look", which: index });
        }
        for (const { uid } of host.records) {
          if (recordOf(host, uid).memory.state !== "Running") continue;
          expect(runPass(host, uid).decision.steps).toEqual([]);
        }
      }),
      { numRuns: propertyRuns.numRuns / 2 },
    );
  });
});
