import { describe, expect, it } from "vitest";
import { demand, gpu, inventory as inventoryOf } from "../../test/support/devices.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { MemoryDocument } from "../../test/support/memory-document.ts";
import { silentLog } from "../../test/support/silent-log.ts";
import type { CutProfile } from "../core/schedule/cut.ts";
import type { Device } from "../core/schedule/device.ts";
import type { DeviceDemand } from "../core/schedule/lease.ts";
import { waitingOutcome } from "../../test/support/waiting-outcome.ts";
import { InventoryBook } from "./inventory-book.ts";
import { MigDesk, type MigDeskOptions } from "./mig-desk.ts";

const profiles: readonly CutProfile[] = [
  { name: "2g.20gb", id: 14, size: 2, starts: [0, 2, 4], most: 3 },
  { name: "3g.40gb", id: 9, size: 4, starts: [0, 4], most: 2 },
];
const gi = 1024 ** 3;
const never = new Promise<never>(() => undefined);

/** One card, what has been cut on it, and the state directory; controllers come and go. */
class Machine {
  readonly clock = new ManualClock();
  readonly document = new MemoryDocument();
  slices: { readonly id: number; readonly profile: string; readonly start: number }[] = [];
  readonly removed: number[] = [];
  /** What is waited for. */
  wish: Partial<DeviceDemand> = { profile: "2g.20gb" };
  #ids = 0;

  cut(profile: string, start: number): number {
    this.#ids += 1;
    this.slices.push({ id: this.#ids, profile, start });
    return this.#ids;
  }

  devices(): readonly Device[] {
    const parts = this.slices.map(({ profile, start }) => ({
      profile,
      placement: placementOf(profile, start),
    }));
    const card = gpu(0, { migEnabled: true, cutting: { profiles, parts } });
    const slices = this.slices.map(({ id, profile, start }, place) =>
      gpu(0, {
        uuid: `MIG-${profile}-${start}`,
        slot: `0:${place}`,
        profile,
        parentUuid: card.uuid,
        gpuInstance: id,
        placement: placementOf(profile, start),
        memoryBytes: placementOf(profile, start).size * 9.75 * gi,
      }),
    );
    return [card, ...slices];
  }

  /** A controller; what it does once it is killed reaches nothing. */
  boot(
    faults: { create?: (cut: () => number) => Promise<number>; write?: (times: number) => boolean } = {},
  ): {
    readonly kill: () => void;
    readonly told: string[];
  } {
    const signal = new AbortController();
    const told: string[] = [];
    let writes = 0;
    const provider: MigDeskOptions["provider"] = {
      vendor: "test",
      discover: async () => inventoryOf(this.devices()),
      attach: () => {
        throw new Error("not asked for");
      },
      cutter: {
        create: async (_card, { name }, start) => {
          const cut = (): number => this.cut(name, start);
          return faults.create === undefined ? cut() : faults.create(cut);
        },
        destroy: async (_card, id) => {
          this.removed.push(id);
          this.slices = this.slices.filter((slice) => slice.id !== id);
        },
      },
    };
    const inventory: InventoryBook = new InventoryBook({
      provider,
      clock: this.clock,
      onLook: () => undefined,
      judge: (found) => desk.judged(found),
      onChange: () => undefined,
      someoneWaits: () => true,
    });
    const desk: MigDesk = new MigDesk({
      enabled: true,
      provider,
      document: {
        read: () => this.document.read(),
        write: async (value) => {
          writes += 1;
          if (faults.write?.(writes) === true) return never;
          return this.document.write(value);
        },
      },
      inventory,
      host: {
        view: () =>
          ({
            leases: [],
            kept: [],
            devices: [],
            demands: [demand("one", this.wish)],
            outcomes: new Map([["one", waitingOutcome()]]),
          }) as unknown as ReturnType<MigDeskOptions["host"]["view"]>,
      },
      knowsHolders: () => true,
      records: () => [{ status: { queue: {} } }] as unknown as ReturnType<MigDeskOptions["records"]>,
      events: { record: ({ reason, message }) => void told.push(`${reason}: ${message}`) },
      lock: { held: () => !signal.signal.aborted },
      clock: this.clock,
      log: silentLog(),
    });
    inventory.run(signal.signal);
    void desk.run(signal.signal);
    return { kill: () => signal.abort(), told };
  }

  async pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      this.clock.advance(1000);
      for (let turn = 0; turn < 40; turn += 1) await Promise.resolve();
    }
  }

  /** Ids that a controller would take away. */
  own(): readonly number[] {
    const { own = [] } = (this.document.value ?? {}) as { own?: readonly { gpuInstance: number }[] };
    return own.map(({ gpuInstance }) => gpuInstance);
  }
}

function placementOf(profile: string, start: number): { readonly start: number; readonly size: number } {
  return { start, size: profiles.find(({ name }) => name === profile)?.size ?? 1 };
}

describe("a controller that is killed while it cuts", () => {
  it.each([
    ["before it has written what it is about to do", { write: (times: number) => times === 1 }],
    ["before the cut", { create: async () => never }],
    [
      "when it is cut and not recorded",
      {
        create: async (cut: () => number) => {
          cut();
          return never;
        },
      },
    ],
    ["while it records the cut", { write: (times: number) => times === 2 }],
  ] as const)("%s: the next one owns exactly one slice, and nobody else's", async (_when, faults) => {
    await cutOnce({ profile: "3g.40gb" }, faults);
    await cutOnce({ migAllowed: { full: true, profiles: null }, minMemoryBytes: 30 * gi }, faults);
  });

  async function cutOnce(wish: Partial<DeviceDemand>, faults: Parameters<Machine["boot"]>[0]): Promise<void> {
    const machine = new Machine();
    const theirs = machine.cut("2g.20gb", 0);
    // Somebody else has it: who wants more waits all the same.
    machine.wish = wish;
    const first = machine.boot(faults);
    await machine.pass(10);
    first.kill();
    machine.boot();
    await machine.pass(90);
    const ours = machine.slices.filter(({ id }) => id !== theirs);
    expect(ours).toMatchObject([{ profile: "3g.40gb", start: 4 }]);
    expect(machine.own()).toEqual(ours.map(({ id }) => id));
    expect(machine.document.value).toMatchObject({ intent: null });
    expect(machine.removed).toEqual([]);
  }

  it("waits for a cut that outlives it, and takes that in", async () => {
    const machine = new Machine();
    let finish = (): void => undefined;
    const first = machine.boot({
      create: async (cut) => {
        finish = () => void cut();
        return never;
      },
    });
    await machine.pass(10);
    first.kill();
    const second = machine.boot();
    await machine.pass(20);
    expect(machine.slices).toEqual([]);
    finish();
    await machine.pass(20);
    expect(machine.slices).toHaveLength(1);
    expect(machine.own()).toEqual([machine.slices[0]?.id]);
    expect(second.told).toMatchObject([expect.stringMatching(/^SliceCut: .*has found it again/)]);
  });

  it("takes nothing for its own that lies elsewhere or is of another profile", async () => {
    const machine = new Machine();
    machine.wish = { profile: "3g.40gb" };
    const first = machine.boot({ create: async () => never });
    await machine.pass(10);
    first.kill();
    const { placement } = (machine.document.value as { intent: { placement: { start: number } } }).intent;
    const theirs = [
      machine.cut("2g.20gb", placement.start),
      machine.cut("3g.40gb", placement.start === 0 ? 4 : 0),
    ];
    machine.boot();
    await machine.pass(90);
    expect(machine.own()).toEqual([]);
    expect(machine.slices.map(({ id }) => id)).toEqual(theirs);
    expect(machine.document.value).toMatchObject({ intent: null });
  });

  it("knows what was recorded before there were intents", async () => {
    const machine = new Machine();
    const id = machine.cut("2g.20gb", 0);
    await machine.document.write([
      { cardUuid: "GPU-0", gpuInstance: id, profile: "2g.20gb", placement: { start: 0, size: 2 } },
    ]);
    machine.cut("3g.40gb", 4);
    machine.wish = { profile: "3g.40gb" };
    machine.boot();
    await machine.pass(5);
    // That one is free, so nothing has to be taken away.
    expect(machine.removed).toEqual([]);
    machine.slices = machine.slices.filter((slice) => slice.id === id);
    machine.cut("2g.20gb", 4);
    await machine.pass(10);
    expect(machine.removed).toEqual([id]);
  });
});
