import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { WorkQueue } from "../src/controller/workqueue.ts";
import { ManualClock } from "./support/manual-clock.ts";

/** Lets everything happen that waits for promises only. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Takes keys and keeps them until the test is through with them. */
class Workers {
  readonly held: string[] = [];
  readonly taken: string[] = [];
  readonly #queue: WorkQueue;

  constructor(queue: WorkQueue, count: number) {
    this.#queue = queue;
    for (let worker = 0; worker < count; worker += 1) void this.#take();
  }

  /** A worker puts the key down and asks for the next one. */
  async finish(key: string): Promise<void> {
    this.held.splice(this.held.indexOf(key), 1);
    this.#queue.done(key);
    void this.#take();
    await turn();
  }

  async #take(): Promise<void> {
    const key = await this.#queue.next();
    if (key === undefined) return;
    this.held.push(key);
    this.taken.push(key);
  }
}

async function queueWith(
  workers: number,
): Promise<{ queue: WorkQueue; clock: ManualClock; workers: Workers }> {
  const clock = new ManualClock();
  const queue = new WorkQueue(clock);
  return { queue, clock, workers: new Workers(queue, workers) };
}

describe("the work queue", () => {
  test("makes one run of many adds", async () => {
    const { queue, workers } = await queueWith(0);
    for (let add = 0; add < 10; add += 1) queue.add("a");
    const later = new Workers(queue, 3);
    await turn();

    expect(workers.taken).toEqual([]);
    expect(later.taken).toEqual(["a"]);
  });

  test("runs once more after adds during a run, and not at the same time", async () => {
    const { queue, workers } = await queueWith(3);
    queue.add("a");
    await turn();
    queue.add("a");
    queue.add("a");
    await turn();
    expect(workers.taken).toEqual(["a"]);

    await workers.finish("a");
    expect(workers.taken).toEqual(["a", "a"]);
    await workers.finish("a");
    expect(workers.taken).toEqual(["a", "a"]);
    expect(queue.idle()).toBe(true);
  });

  test("adds a key once at the earliest of its times", async () => {
    const { queue, clock, workers } = await queueWith(2);
    queue.addAt("a", clock.now() + 500);
    queue.addAt("a", clock.now() + 200);
    queue.addAt("a", clock.now() + 900);
    clock.advance(199);
    await turn();
    expect(workers.taken).toEqual([]);

    clock.advance(1);
    await turn();
    await workers.finish("a");
    clock.advance(5000);
    await turn();
    expect(workers.taken).toEqual(["a"]);
  });

  test("takes a time that has passed as now", async () => {
    const { queue, clock, workers } = await queueWith(1);
    queue.addAt("a", clock.now() - 1000);
    clock.advance(0);
    await turn();
    expect(workers.taken).toEqual(["a"]);
  });

  test("forgets a planned time on request", async () => {
    const { queue, clock, workers } = await queueWith(1);
    queue.addAt("a", clock.now() + 100);
    queue.forgetTime("a");
    clock.advance(1000);
    await turn();
    expect(workers.taken).toEqual([]);
    expect(clock.nextAlarm()).toBeUndefined();
  });

  test("lets everybody go when it is closed, and takes nothing more", async () => {
    const { queue, clock, workers } = await queueWith(1);
    queue.add("a");
    queue.addAt("b", clock.now() + 100);
    await turn();
    const waiting = queue.next();
    queue.close();

    expect(await waiting).toBeUndefined();
    queue.add("c");
    queue.done("a");
    clock.advance(1000);
    expect(await queue.next()).toBeUndefined();
    expect(workers.taken).toEqual(["a"]);
    expect(clock.nextAlarm()).toBeUndefined();
  });

  test("gives keys in the order they came", async () => {
    const { queue } = await queueWith(0);
    for (const key of ["c", "a", "b", "a"]) queue.add(key);
    const workers = new Workers(queue, 1);
    await turn();
    await workers.finish("c");
    await workers.finish("a");
    expect(workers.taken).toEqual(["c", "a", "b"]);
  });
});

type Action =
  | { readonly do: "add"; readonly key: string }
  | { readonly do: "addAt"; readonly key: string; readonly delayMs: number }
  | { readonly do: "forget"; readonly key: string }
  | { readonly do: "advance"; readonly byMs: number }
  | { readonly do: "finish"; readonly which: number };

const keys = fc.constantFrom("a", "b", "c", "d");
const actions = fc.oneof(
  fc.record({ do: fc.constant("add" as const), key: keys }),
  fc.record({ do: fc.constant("addAt" as const), key: keys, delayMs: fc.integer({ min: -50, max: 200 }) }),
  fc.record({ do: fc.constant("forget" as const), key: keys }),
  fc.record({ do: fc.constant("advance" as const), byMs: fc.nat({ max: 150 }) }),
  fc.record({ do: fc.constant("finish" as const), which: fc.nat({ max: 3 }) }),
);

test("the work queue agrees with its model under any mix of calls", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(actions, { maxLength: 40 }),
      fc.integer({ min: 1, max: 4 }),
      async (mix, count) => {
        const { queue, clock, workers } = await queueWith(count);
        // The model: who wants to run, who runs, who is planned for when. Idle workers take in order.
        const wanting: string[] = [];
        const running = new Set<string>();
        const planned = new Map<string, number>();
        let expected = 0;
        const want = (key: string): void => {
          if (!wanting.includes(key)) wanting.push(key);
        };
        // What was wanted again while it ran takes its place when it is put down, behind those who waited.
        const putBack = (key: string): void => {
          if (wanting.includes(key)) wanting.push(...wanting.splice(wanting.indexOf(key), 1));
        };
        const give = (): void => {
          for (const key of wanting.slice()) {
            if (running.size >= count || running.has(key)) continue;
            wanting.splice(wanting.indexOf(key), 1);
            running.add(key);
            expected += 1;
          }
        };
        for (const action of mix) {
          await act(action, { queue, clock, workers }, { want, putBack, planned, running });
          for (const [key, at] of [...planned].toSorted((a, b) => a[1] - b[1])) {
            if (action.do !== "advance" || at > clock.now()) continue;
            planned.delete(key);
            want(key);
          }
          await turn();
          give();
          expect(new Set(workers.held).size).toBe(workers.held.length);
          expect(new Set(workers.held)).toEqual(running);
          expect(workers.taken).toHaveLength(expected);
          expect(queue.idle()).toBe(running.size === 0 && wanting.length === 0);
        }
      },
    ),
    { numRuns: 300 },
  );
});

async function act(
  action: Action,
  { queue, clock, workers }: { queue: WorkQueue; clock: ManualClock; workers: Workers },
  model: {
    want: (key: string) => void;
    putBack: (key: string) => void;
    planned: Map<string, number>;
    running: Set<string>;
  },
): Promise<void> {
  switch (action.do) {
    case "add":
      queue.add(action.key);
      model.want(action.key);
      return;
    case "addAt": {
      const at = clock.now() + action.delayMs;
      queue.addAt(action.key, at);
      model.planned.set(action.key, Math.min(at, model.planned.get(action.key) ?? Infinity));
      return;
    }
    case "forget":
      queue.forgetTime(action.key);
      model.planned.delete(action.key);
      return;
    case "advance":
      clock.advance(action.byMs);
      return;
    case "finish": {
      const key = workers.held[action.which];
      if (key === undefined) return;
      model.running.delete(key);
      model.putBack(key);
      await workers.finish(key);
    }
  }
}
