import { describe, expect, it, onTestFinished } from "vitest";
import { defaultIdle, type IdleSettings } from "../../src/core/idle/idle-settings.ts";
import { startApiBed } from "../support/api-bed.ts";
import { ControllerBed } from "../support/controller-bed.ts";
import { inventory } from "../support/devices.ts";
import { device } from "../support/world-builder.ts";

const idleSettings: IdleSettings = { ...defaultIdle, startupGraceMs: 0, keepAliveMaxMs: 60_000 };
const lines = ["gpus: { count: 1 }", "lifecycle: { idleTimeout: 20s }"];

function newBed(before?: ControllerBed, idle = idleSettings): ControllerBed {
  const bed =
    before === undefined ? new ControllerBed({ idle }) : new ControllerBed({ idle }, before.store, before);
  bed.provider.answer = () => ({
    ...inventory([device(0)]),
    usage: new Map([["GPU-0", { memoryUsedBytes: 0, utilizationPercent: 0, processes: [] }]]),
  });
  onTestFinished(() => bed.stop());
  return bed;
}

const reasons = (bed: ControllerBed): readonly string[] => bed.events.map(({ reason }) => reason);
const isRunning = (bed: ControllerBed) => (): boolean => bed.phase("alice/train") === "Running";
const isOver = (bed: ControllerBed) => (): boolean =>
  bed.record("alice/train")?.status.reason === "IdleTimeout";

async function runningTrain(bed: ControllerBed, more = lines): Promise<void> {
  bed.declare("alice", "train", more);
  bed.start();
  await bed.until("it to run", isRunning(bed));
}

describe("a container in which nothing goes on", () => {
  it("is warned, stopped once its time is over, and not started again by itself", async () => {
    const bed = newBed();
    await runningTrain(bed);
    const from = bed.clock.now();
    await bed.until("the warning", () => reasons(bed).includes("IdleSoon"), 30_000);
    await bed.until("its end", isOver(bed), 30_000);
    expect(bed.clock.now() - from).toBeGreaterThanOrEqual(20_000);
    await bed.pass(30_000);
    expect(bed.phase("alice/train")).toBe("Completed");
    expect(bed.runtime.count("start")).toBe(1);

    await bed.manager.controlPlane().startAgain("alice", "train");
    await bed.until("it to run again", isRunning(bed));
    expect(bed.record("alice/train")?.memory).toMatchObject({ finished: null, restarts: 0, stopCause: null });
    await expect(bed.manager.controlPlane().startAgain("alice", "train")).rejects.toThrow(
      "was not stopped for idleness",
    );
  });

  it("keeps its time over a restart of the controller, and over a clock that is set", async () => {
    const bed = newBed();
    await runningTrain(bed);
    await bed.pass(14_000);
    await bed.stop();
    const next = newBed(bed);
    const from = next.clock.now();
    await runningTrain(next);
    await next.until("its end", isOver(next), 30_000);
    expect(next.clock.now() - from).toBeLessThan(14_000);
    expect(next.runtime.count("start")).toBe(1);
  });

  it("is not stopped by what an earlier controller has seen of it", async () => {
    const bed = newBed();
    await runningTrain(bed);
    await bed.pass(18_000);
    await bed.stop();
    // Right before its stop.
    const written = JSON.stringify(bed.idleness.value);
    bed.idleness.value = JSON.parse(written.replaceAll(/"(idleMs|unbrokenMs)":\d+/g, '"$1":20000'));
    const next = newBed(bed);
    next.activity.changes.set("train._.alice", { cpuMs: 60_000 });
    await runningTrain(next);
    await next.until("that it is used", () => reasons(next).includes("IdleOver"), 3000);
    await next.pass(5000);
    expect(next.phase("alice/train")).toBe("Running");
    expect(next.runtime.count("stop")).toBe(0);
    await next.until("its end", isOver(next), 30_000);
  });

  it("is left alone while somebody has asked for it, and its whole time counts from then on", async () => {
    const bed = newBed();
    await runningTrain(bed);
    const control = bed.manager.controlPlane();
    await expect(
      control.keepAlive({ namespace: "alice", name: "train", forMs: 61_000, by: "alice" }),
    ).rejects.toThrow("for 1m at most (idle.keepAliveMax of the configuration), not for 1m1s");
    await control.keepAlive({ namespace: "alice", name: "train", forMs: 40_000, by: "alice" });
    const until = bed.clock.now() + 40_000;
    await bed.pass(5000);
    expect(control.describe("alice", "train")?.idle).toMatch(/^in use: kept until .*Z by alice$/);
    await bed.stop();
    const next = newBed(bed);
    await runningTrain(next);
    await next.until("its end", isOver(next), 120_000);
    expect(next.clock.now() - until).toBeGreaterThanOrEqual(20_000);
  });

  it("is left alone as one of a sweep that somebody has asked for", async () => {
    const bed = newBed();
    bed.declare("alice", "lr", ["replicas: 1", "lifecycle: { idleTimeout: 20s }"]);
    bed.start();
    await bed.until("it to run", () => bed.phase("alice/lr-0") === "Running");
    const control = bed.manager.controlPlane();
    await control.keepAlive({ namespace: "alice", name: "lr", forMs: 60_000, by: "alice" });
    await bed.pass(2000);
    expect(control.describe("alice", "lr-0")?.idle).toMatch(/^in use: kept until .*Z by alice$/);
  });

  it("is left alone as one of a sweep that is exempt", async () => {
    const bed = newBed(undefined, { ...idleSettings, exempt: [{ user: "alice", name: "lr" }] });
    bed.declare("alice", "lr", ["replicas: 1", "lifecycle: { idleTimeout: 20s }"]);
    bed.start();
    await bed.until("it to run", () => bed.phase("alice/lr-0") === "Running");
    await bed.pass(1000);
    expect(bed.manager.controlPlane().describe("alice", "lr-0")?.idle).toBe("not looked at: exempt");
  });

  it("is left alone for a .keep-alive file as long as that is fresh", async () => {
    const bed = newBed();
    bed.activity.changes.set("train._.alice", { keepAliveAt: bed.clock.now() });
    await runningTrain(bed);
    await bed.pass(55_000);
    expect(bed.phase("alice/train")).toBe("Running");
    await bed.until("its end", isOver(bed), 60_000);
  });

  it("has half of the time while somebody waits for its GPU", async () => {
    const bed = newBed();
    await runningTrain(bed);
    const from = bed.clock.now();
    bed.declare("bob", "next", ["gpus: { count: 1 }"]);
    await bed.until("its end", isOver(bed), 30_000);
    expect(bed.clock.now() - from).toBeLessThan(16_000);
    const stopping = bed.events.find(({ reason }) => reason === "Stopping");
    expect(stopping?.message).toContain("as bob/next waits for its GPU");
  });

  it("is not idle while its GPU is not known", async () => {
    const bed = newBed();
    bed.provider.answer = () => inventory([device(0)]);
    await runningTrain(bed);
    await bed.pass(60_000);
    expect(bed.phase("alice/train")).toBe("Running");
    expect(bed.manager.controlPlane().describe("alice", "train")?.idle).toBe("not known: GPU not known");
  });

  it("says in describe for how long, of how long, and what was seen", async () => {
    const bed = newBed();
    await runningTrain(bed);
    await bed.pass(8000);
    expect(bed.manager.controlPlane().describe("alice", "train")?.idle).toMatch(
      /^\d+s of 20s \(users\/alice\/train\.yaml:7\); is stopped in \d+s unless it is used; GPU 0 %, CPU 0 %, network 0 a minute, I\/O 0 a minute, no terminal$/,
    );
  });

  it("is looked at in times of its own, however often another is", async () => {
    const bed = newBed();
    let asks = 0;
    const answer = bed.provider.answer;
    bed.provider.answer = () => {
      asks += 1;
      return answer();
    };
    // Once in five seconds, as a health check does: 0.8 % of a CPU, but 8 % of the half second that it is in.
    bed.activity.changes.set("train._.alice", {
      get cpuMs() {
        return Math.floor(bed.clock.now() / 5000) * 40;
      },
    });
    bed.activity.changes.set("quick._.bob", {
      get terminalStamp() {
        return bed.clock.now();
      },
    });
    bed.declare("bob", "quick", ["lifecycle: { idleTimeout: 6s }"]);
    await runningTrain(bed, ["gpus: { count: 1 }", "lifecycle: { idleTimeout: 60s }"]);
    const from = bed.clock.now();
    await bed.until("its end", isOver(bed), 90_000);
    const looks = (name: string): number => bed.activity.looks.filter((one) => one === name).length;
    expect(bed.clock.now() - from).toBeGreaterThanOrEqual(60_000);
    expect(bed.phase("bob/quick")).toBe("Running");
    expect(looks("train._.alice")).toBeLessThan(20);
    expect(looks("quick._.bob")).toBeGreaterThan(100);
    // Only who has a GPU wants to know of GPUs.
    expect(asks).toBeLessThan(40);
  });

  it("costs nothing where no time is set", async () => {
    const bed = newBed();
    await runningTrain(bed, ["gpus: { count: 1 }"]);
    await bed.pass(90_000);
    expect(bed.activity.looks).toEqual([]);
    expect(bed.manager.controlPlane().describe("alice", "train")?.idle).toBeUndefined();
  });
});

describe("asking for a container to be left alone", () => {
  const path = "/apis/ds01.io/v1alpha1/namespaces/alice/containers/train";

  it("is for its owner and for admins, as a stop is", async () => {
    const bed = await startApiBed();
    await bed.call("PUT", path, {
      body: "apiVersion: ds01.io/v1alpha1\nkind: ContainerSpec\nmetadata: {name: train}\nspec: {image: a}\n",
      type: "application/yaml",
    });
    const ask = async (actor: string, duration: string): Promise<number> => {
      bed.actAs(actor);
      return (await bed.call("POST", `${path}/keepalive`, { body: JSON.stringify({ for: duration }) })).code;
    };
    expect(await ask("bob", "2h")).toBe(403);
    expect(bed.control.kept.size).toBe(0);
    expect(await ask("alice", "two hours")).toBe(400);
    expect(await ask("alice", "99999999999999w")).toBe(400);
    expect(bed.control.kept.size).toBe(0);
    expect(await ask("alice", "2h")).toBe(200);
    expect(bed.control.kept.get("alice/train")).toBe(7_200_000);
    bed.actAs("bob");
    expect((await bed.call("POST", `${path}/start`)).code).toBe(403);
    bed.actAs("alice");
    expect((await bed.call("POST", `${path}/start`)).code).toBe(200);
    expect((await bed.call("POST", `${path.replace("train", "none")}/start`)).code).toBe(404);
    expect(bed.control.startedAgain).toEqual(["alice/train"]);
  });
});
