import { expect, onTestFinished, test } from "vitest";
import type { ControllerManager } from "../../src/controller/manager.ts";
import { RuntimeCache } from "../../src/controller/runtime-cache.ts";
import { Ds01Error, WaitingError } from "../../src/util/errors.ts";
import { noAdoptions } from "../support/adoptions.ts";
import { gpu, inventory } from "../support/devices.ts";
import { ControllerBed } from "../support/controller-bed.ts";
import { desiredContainer } from "../support/desired-container.ts";
import { FakeRuntime } from "../support/fake-runtime.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { silentLog } from "../support/silent-log.ts";

function newBed(settings?: ConstructorParameters<typeof ControllerBed>[0]): ControllerBed {
  const bed = new ControllerBed(settings);
  onTestFinished(() => bed.stop());
  return bed;
}

function isHealthy(manager: ControllerManager, name: string): boolean {
  return manager
    .controlPlane()
    .health()
    .some((check) => check.name === name && check.ok);
}

const engineFault = (): Error =>
  new Ds01Error({ reason: "EngineError", message: "RWLayer of container is unexpectedly nil" });

test("a container that cannot be inspected keeps nobody else from being worked on", async () => {
  const bed = newBed();
  bed.provider.answer = () => inventory([gpu(0)]);
  bed.runtime.run(desiredContainer("dead"));
  bed.runtime.inject({ call: "inspect", target: "dead", when: "before", error: engineFault });
  bed.declare("alice", "train", ["gpus: { count: 1 }"]);
  bed.start();
  await bed.until("train to run", () => bed.phase("alice/train") === "Running");
  expect(isHealthy(bed.manager, "EngineReady")).toBe(true);
  // An event about it marks it as worth a look, and the next one who takes devices looks at everything.
  bed.runtime.setHealth("dead", "unhealthy");
  bed.source.remove("users/alice/train.yaml");
  bed.declare("alice", "second", ["gpus: { count: 1 }"]);
  await bed.until("the second to run", () => bed.phase("alice/second") === "Running", 120_000);
  expect(bed.logged("ContainerUnreadable")).toHaveLength(1);
});

test("an object whose container cannot be inspected is kept as it was last seen", async () => {
  const bed = newBed();
  bed.declare("alice", "train");
  bed.start();
  await bed.until("train to run", () => bed.phase("alice/train") === "Running");
  const [container] = bed.runtime.containers;
  bed.runtime.inject({ call: "inspect", when: "before", error: engineFault });
  await bed.pass(300_000);
  expect(isHealthy(bed.manager, "EngineReady")).toBe(true);
  expect(bed.runtime.containers.map(({ id, state }) => [id, state])).toEqual([[container?.id, "running"]]);
});

test("what happens while a container is inspected is seen by the next look", async () => {
  const clock = new ManualClock();
  const runtime = new FakeRuntime({ clock });
  const id = runtime.run(desiredContainer("train"));
  const stopping = new AbortController();
  onTestFinished(() => stopping.abort());
  const cache = new RuntimeCache({
    runtime: {
      ...portOf(runtime),
      // As slow as an engine under load: the answer is made first and arrives later.
      inspect: async (idOrName, signal) => {
        const observed = await runtime.inspect(idOrName, signal);
        await arrive(observed?.state === "running" && slow);
        return observed;
      },
    },
    clock,
    log: silentLog(),
    adoptions: noAdoptions,
    onChange: () => undefined,
    onImage: () => undefined,
    onReady: () => undefined,
  });
  let slow = false;
  let release = (): void => undefined;
  const arrive = async (isSlow: boolean): Promise<void> => {
    if (isSlow) await new Promise<void>((resolve) => (release = resolve));
  };
  void cache.run(stopping.signal);
  await turns();
  slow = true;
  const looking = cache.refresh(id);
  await turns();
  runtime.kill(id);
  await turns();
  release();
  await looking;
  await cache.freshen();
  expect(cache.get(id)?.state).toBe("exited");
});

test("an answer that was overtaken by a later one changes nothing", async () => {
  const clock = new ManualClock();
  const runtime = new FakeRuntime({ clock });
  const id = runtime.run(desiredContainer("train"));
  const answers: (() => void)[] = [];
  const cache = new RuntimeCache({
    runtime: {
      ...portOf(runtime),
      inspect: async (idOrName, signal) => {
        const observed = await runtime.inspect(idOrName, signal);
        await new Promise<void>((resolve) => answers.push(resolve));
        return observed;
      },
    },
    clock,
    log: silentLog(),
    adoptions: noAdoptions,
    onChange: () => undefined,
    onImage: () => undefined,
    onReady: () => undefined,
  });
  const early = cache.refresh(id);
  await turns();
  runtime.kill(id);
  const late = cache.refresh(id);
  await turns();
  answers[1]?.();
  await late;
  answers[0]?.();
  await early;
  expect(cache.get(id)?.state).toBe("exited");
});

test("it is ready when the engine is away at the start, says so, and goes on when it comes", async () => {
  const bed = newBed();
  bed.runtime.goDown();
  bed.declare("alice", "train");
  bed.start();
  await bed.until("ready", () => bed.manager.ready());
  expect(isHealthy(bed.manager, "EngineReady")).toBe(false);
  expect(bed.logged("EngineUnreachable")).toHaveLength(1);
  bed.runtime.comeUp();
  await bed.until("train to run", () => bed.phase("alice/train") === "Running");
});

test("it is ready when the specs cannot be read at the start, and one run does not count that as done", async () => {
  const bed = newBed();
  bed.source.vanish("no such directory");
  bed.start();
  await bed.until("ready", () => bed.manager.ready());
  await bed.until("settled", () => bed.manager.settled());
  expect(bed.manager.asDeclared()).toBe(false);
});

test("one run comes to an end without an engine, and does not count as done", async () => {
  const bed = newBed();
  bed.runtime.goDown();
  bed.declare("alice", "train");
  bed.start();
  await bed.until("settled", () => bed.manager.settled());
  expect(bed.manager.asDeclared()).toBe(false);
});

test("an object that has to wait for an answer is looked at again without being told", async () => {
  const bed = newBed();
  const waits = (): Error => new WaitingError({ reason: "EngineBusy", message: "the engine is busy" });
  bed.runtime.inject({ call: "image", when: "before", error: waits, times: 1 });
  bed.declare("alice", "train");
  bed.start();
  await bed.until("train to run", () => bed.phase("alice/train") === "Running", 10_000);
  expect(bed.logged("EngineBusy")).toHaveLength(1);
});

function portOf(runtime: FakeRuntime): ConstructorParameters<typeof RuntimeCache>[0]["runtime"] {
  return {
    ping: (...given) => runtime.ping(...given),
    list: (...given) => runtime.list(...given),
    inspect: (...given) => runtime.inspect(...given),
    watch: (...given) => runtime.watch(...given),
    devices: (...given) => runtime.devices(...given),
    image: (...given) => runtime.image(...given),
    images: (...given) => runtime.images(...given),
    tag: (...given) => runtime.tag(...given),
    pull: (reference, signal) => runtime.pull(reference, signal),
    build: (...given) => runtime.build(...given),
    removeImage: (...given) => runtime.removeImage(...given),
    volume: (...given) => runtime.volume(...given),
    create: (...given) => runtime.create(...given),
    start: (...given) => runtime.start(...given),
    pause: (...given) => runtime.pause(...given),
    unpause: (...given) => runtime.unpause(...given),
    stop: (...given) => runtime.stop(...given),
    remove: (...given) => runtime.remove(...given),
    rename: (...given) => runtime.rename(...given),
    update: (...given) => runtime.update(...given),
  };
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
