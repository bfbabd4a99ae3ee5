import { describe, expect, it } from "vitest";
import type { RuntimeHint } from "../src/ports/container-runtime.ts";
import { ConflictError, UnreachableError } from "../src/util/errors.ts";
import { waitFor } from "./bed/wait-for.ts";
import { desiredContainer } from "./support/desired-container.ts";
import { FakeRuntime } from "./support/fake-runtime.ts";
import { ManualClock } from "./support/manual-clock.ts";

const name = "train._.alice";

describe("FakeRuntime", () => {
  it("fails before or after the effect, as often as it was told", async () => {
    const runtime = new FakeRuntime();
    runtime.inject({ call: "create", when: "before", times: 1 });
    await expect(runtime.create(desiredContainer(name))).rejects.toThrowError(UnreachableError);
    expect(runtime.containers).toEqual([]);
    runtime.inject({ call: "create", target: name, when: "after", times: 1 });
    await expect(runtime.create(desiredContainer(name))).rejects.toThrowError(UnreachableError);
    await expect(runtime.create(desiredContainer(name))).rejects.toThrowError(ConflictError);
    expect(runtime.containers).toHaveLength(1);
    expect(runtime.mutations).toEqual([`create ${name}`, `create ${name}`, `create ${name}`]);
  });

  it("hangs until the fault is taken away or the caller gives up", async () => {
    const runtime = new FakeRuntime();
    const end = runtime.inject({ when: "hang" });
    const cancel = new AbortController();
    const given = runtime.list(cancel.signal);
    const waiting = runtime.ping();
    await waitFor("both calls", () => runtime.calls.length === 2);
    cancel.abort();
    await expect(given).rejects.toMatchObject({ name: "AbortError" });
    end();
    await waiting;
  });

  it("takes its time from the clock", async () => {
    const clock = new ManualClock();
    const runtime = new FakeRuntime({ clock });
    runtime.run(desiredContainer(name, { image: "bed/stubborn:1" }));
    const stopping = runtime.stop(name, 30_000);
    await waitFor("the grace", () => clock.nextAlarm() !== undefined);
    expect(runtime.container(name).state).toBe("running");
    clock.advance(30_000);
    await stopping;
    expect(runtime.container(name)).toMatchObject({
      state: "exited",
      exitCode: 137,
      finishedAt: clock.now(),
    });
  });

  it("is unreachable while it is down, and tells those who watch", async () => {
    const runtime = new FakeRuntime();
    const hints: RuntimeHint[] = [];
    const end = new AbortController();
    const watching = (async () => {
      for await (const hint of runtime.watch(end.signal)) hints.push(hint);
    })();
    runtime.run(desiredContainer(name));
    await waitFor("a watcher", () => runtime.watchers === 1);
    runtime.goDown();
    await expect(runtime.list()).rejects.toThrowError(UnreachableError);
    runtime.kill(name);
    runtime.comeUp();
    await waitFor("connected", () => hints.at(-1)?.type === "connected" && hints.length > 2);
    end.abort();
    await watching;
    expect(hints.filter(({ type }) => type === "container")).not.toContainEqual(
      expect.objectContaining({ action: "die" }),
    );
    expect(await runtime.inspect(name)).toMatchObject({ state: "exited" });
  });

  it("shows what a killed shim leaves behind", async () => {
    const runtime = new FakeRuntime();
    runtime.run(desiredContainer(name));
    runtime.killShim(name);
    expect(await runtime.inspect(name)).toMatchObject({ state: "exited", exitCode: 137, lingering: true });
  });
});
