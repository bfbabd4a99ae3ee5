import { expect, test } from "vitest";
import { ControllerBed } from "./support/controller-bed.ts";
import { gpu, inventory } from "./support/devices.ts";
import { MemoryStore } from "./support/memory-store.ts";

class TwoGpus extends ControllerBed {
  constructor(store: MemoryStore, before?: ControllerBed) {
    super({}, store, before);
    this.provider.answer = () => inventory([gpu(0), gpu(1)]);
  }
}

/** A controller that has made a container with a GPU and one without, and has ended. */
async function earlier(): Promise<ControllerBed> {
  const bed = new TwoGpus(new MemoryStore());
  bed.declare("alice", "plain");
  bed.declare("alice", "one", ["gpus: {count: 1}"]);
  bed.start();
  await bed.until("both to run", () =>
    ["plain", "one"].every((name) => bed.phase(`alice/${name}`) === "Running"),
  );
  await bed.stop();
  return bed;
}

test.each([
  ["of the same machine", (first: ControllerBed) => new TwoGpus(first.store, first)],
  ["of another machine", (first: ControllerBed) => new TwoGpus(first.store)],
])("a second controller %s takes up what is declared right after its start", async (_, next) => {
  const first = await earlier();
  const second = next(first);
  second.declare("alice", "plain");
  second.declare("alice", "one", ["gpus: {count: 1}"]);
  second.start();
  second.declare("alice", "two", ["gpus: {count: 1}"]);
  await second.until("it to run", () => second.phase("alice/two") === "Running");
  // What a run of three seconds lets happen.
  await second.pass(10_000);
  expect(["plain", "one", "two"].map((name) => second.phase(`alice/${name}`))).toEqual(
    Array.from({ length: 3 }, () => "Running"),
  );
  const uids = second.store.list("ContainerSpec").map(({ uid }) => uid);
  expect(new Set(uids).size).toBe(3);
  await second.stop();
});
