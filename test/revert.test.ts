import { expect, test } from "vitest";
import { ControllerBed } from "./support/controller-bed.ts";
import { gpu, inventory } from "./support/devices.ts";

class FourGpus extends ControllerBed {
  constructor() {
    super();
    this.provider.answer = () => inventory([0, 1, 2, 3].map((index) => gpu(index)));
  }

  /** Declares a container with a GPU; the UUID of the one that it gets. */
  async declared(name: string): Promise<string> {
    this.declare("alice", name, ["gpus: {count: 1}"]);
    await this.until(`${name} to run`, () => this.phase(`alice/${name}`) === "Running", 20_000);
    const gpus = this.record(`alice/${name}`)?.status.gpus ?? [];
    return gpus.map(({ uuid }) => uuid).join();
  }

  async removed(name: string): Promise<void> {
    this.source.remove(`users/alice/${name}.yaml`);
    await this.until(`${name} to go`, () => this.record(`alice/${name}`) === undefined, 60_000);
  }
}

test("what comes back gets the GPU that it had when it was removed, and another one where that is taken", async () => {
  const host = new FourGpus();
  host.declare("alice", "plain");
  host.start();
  for (const [place, name] of ["one", "two", "three"].entries())
    expect(await host.declared(name)).toBe(`GPU-${place}`);
  const before = host.record("alice/three")?.uid;
  for (const name of ["one", "two", "three"]) await host.removed(name);

  expect(await host.declared("three")).toBe("GPU-2");
  expect(host.record("alice/three")?.uid).not.toBe(before);
  expect(await host.declared("other")).toBe("GPU-0");
  expect(await host.declared("two")).toBe("GPU-1");
  expect(await host.declared("one")).toBe("GPU-3");
  await host.stop();
});

test("who waits in the queue comes first, whoever had the GPU before", async () => {
  const host = new FourGpus();
  host.declare("alice", "plain");
  host.start();
  for (const name of ["one", "two", "three", "four"]) await host.declared(name);
  host.declare("alice", "waits", ["gpus: {count: 1}"]);
  await host.until("it to wait", () => host.phase("alice/waits") === "Pending");
  await host.removed("four");
  host.declare("alice", "four", ["gpus: {count: 1}"]);
  await host.until("the one that waited to run", () => host.phase("alice/waits") === "Running", 20_000);
  await host.pass(5000);
  expect(host.phase("alice/four")).toBe("Pending");
  await host.stop();
});
