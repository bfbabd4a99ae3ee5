import { expect, test } from "vitest";
import { noAdoptions } from "../../test/support/adoptions.ts";
import { desiredContainer } from "../../test/support/desired-container.ts";
import { FakeRuntime } from "../../test/support/fake-runtime.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { silentLog } from "../../test/support/silent-log.ts";
import { RuntimeCache } from "./runtime-cache.ts";

function cacheOf(
  runtime: FakeRuntime,
  clock: ManualClock,
  onChange: (ids: readonly { readonly id: string }[]) => void = () => undefined,
): RuntimeCache {
  const nothing = (): void => undefined;
  const told = { onChange, onImage: nothing, onReady: nothing };
  return new RuntimeCache({ runtime, clock, log: silentLog(), adoptions: noAdoptions, ...told });
}

test("whose container is found changed by a look at everything is told, as it may have looked in vain", async () => {
  const clock = new ManualClock();
  const runtime = new FakeRuntime({ clock });
  const told: string[] = [];
  const cache = cacheOf(runtime, clock, (changed) => void told.push(...changed.map(({ id }) => id)));
  const ending = new AbortController();
  const running = cache.run(ending.signal);
  const id = runtime.run(desiredContainer("train", { labels: { "ds01.uid": "uid-train" } }));
  await cache.relist();
  runtime.stopByHand(id);
  await new Promise((resolve) => setImmediate(resolve));
  told.length = 0;

  await cache.freshen();
  expect(cache.get(id)?.state).toBe("exited");
  expect(told).toEqual([id]);
  ending.abort();
  await running;
});

test("a container that ends unnoticed as it had ended before the last list is seen to have ended", async () => {
  const clock = new ManualClock();
  const runtime = new FakeRuntime({ clock });
  const cache = cacheOf(runtime, clock);
  const id = runtime.run(desiredContainer("train"));
  runtime.stopByHand(id);
  await cache.relist();
  runtime.startByHand(id);
  await cache.refresh(id);
  expect(cache.get(id)?.state).toBe("running");

  runtime.losesEvents = true;
  runtime.stopByHand(id);
  await cache.relist();
  expect(cache.get(id)?.state).toBe("exited");
});

test("a container that somebody renames while it is asked for by its name is not gone", async () => {
  const runtime = new FakeRuntime({ clock: new ManualClock() });
  const cache = cacheOf(runtime, new ManualClock());
  const id = runtime.run(desiredContainer("train"));
  await cache.relist();
  runtime.losesEvents = true;
  runtime.renameByHand(id, "mine");

  await cache.refresh("train");
  expect(cache.get(id)?.name).toBe("mine");
  expect(cache.byName("train")).toBeUndefined();
});

test("what a complete list lacks is gone once it cannot be inspected either", async () => {
  const runtime = new FakeRuntime({ clock: new ManualClock() });
  const cache = cacheOf(runtime, new ManualClock());
  const id = runtime.run(desiredContainer("train"));
  await cache.relist();
  runtime.losesEvents = true;
  runtime.removeByHand(id);
  expect(cache.get(id)).toBeDefined();

  await cache.relist();
  expect(cache.get(id)).toBeUndefined();
});
