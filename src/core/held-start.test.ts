import { describe, expect, test } from "vitest";
import { declare, declared, play, pureHost, runs, type Told } from "../../test/support/play-host.ts";
import { recordOf, runPass, type PureHost } from "../../test/support/pure-host.ts";
import { startOfTest } from "../../test/support/world-builder.ts";
import { unreadableStop } from "./emergency-stop.ts";
import type { ContainerRecord } from "./record.ts";

const unknown = { emergencyStops: [unreadableStop(startOfTest)] };
const reason = "EmergencyStopsUnreadable";

function running(): PureHost {
  const start = declare(
    pureHost(3),
    declared("alice", "a", startOfTest),
    declared("alice", "job", startOfTest, { restartPolicy: "OnFailure" }),
  );
  const host = play(start, 10);
  expect(runs(host)).toEqual(["alice/a", "alice/job"]);
  return { ...host, ...unknown };
}

function changed(host: PureHost, name: string, change: Partial<ContainerRecord>): PureHost {
  const records = host.records.map((record) => (record.name === name ? { ...record, ...change } : record));
  return { ...host, records };
}

function exited(host: PureHost, name: string, exitCode: number): PureHost {
  return {
    ...host,
    containers: host.containers.map((container) =>
      container.labels["ds01.name"] === name
        ? { ...container, state: "exited" as const, exitCode, finishedAt: host.now }
        : container,
    ),
  };
}

describe("while it is not known whom admins have stopped", () => {
  test("what runs runs on, and what is declared anew waits for an admin without asking for devices", () => {
    const told: Told[] = [];
    const host = declare(running(), declared("bob", "new", startOfTest));
    const after = play(host, 30, told);
    expect(told).toEqual([]);
    expect(runs(after)).toEqual(["alice/a", "alice/job"]);
    expect(recordOf(after, "uid-bob-new").status).toMatchObject({
      reason,
      message: expect.stringContaining("ds01 resume --all") as string,
    });
    expect(runs(play({ ...after, emergencyStops: [] }, 10))).toEqual(["alice/a", "alice/job", "bob/new"]);
  });

  test("nobody gives way to what may not start", () => {
    const fields = { preemptible: true };
    const full = play(declare(pureHost(1), declared("alice", "a", startOfTest, fields)), 10);
    const asked = declare(full, declared("bob", "b", full.now, { priority: 100 }));
    expect(runs(play(asked, 1800, [], 10))).toEqual(["bob/b"]);
    const told: Told[] = [];
    expect(runs(play({ ...asked, ...unknown }, 1800, told, 10))).toEqual(["alice/a"]);
    expect(told).toEqual([]);
  });

  test("what crashes is not started again, and what completes has completed", () => {
    const ended = play(exited(exited(running(), "a", 1), "job", 0), 60);
    expect(runs(ended)).toEqual([]);
    expect(recordOf(ended, "uid-alice-a").status.message).toContain("ds01 resume --all");
    expect(recordOf(ended, "uid-alice-job").status.phase).toBe("Completed");
    expect(runs(play({ ...ended, emergencyStops: [] }, 20))).toEqual(["alice/a"]);
  });

  test("what crashed is not removed, however long that lasts", () => {
    const lifecycle = { removeAfterStop: "1h" };
    const host = play(declare(pureHost(3), declared("alice", "a", startOfTest, { lifecycle })), 10);
    const told: Told[] = [];
    const ended = play(exited({ ...host, ...unknown }, "a", 1), 4 * 3600, told, 600);
    expect(told).toEqual([]);
    expect(ended.containers).toHaveLength(1);
    const again = play({ ...ended, emergencyStops: [] }, 20);
    expect(again.containers.map(({ id }) => id)).toEqual(host.containers.map(({ id }) => id));
    expect(runs(again)).toEqual(["alice/a"]);
  });

  test("what runs is not replaced by what its file says now, and says so", () => {
    const host = running();
    const { spec, generation } = recordOf(host, "uid-alice-a");
    if (spec === null) throw new Error("declared above");
    const image = "other:1";
    const edited = changed(host, "a", { spec: { ...spec, image }, generation: generation + 1 });
    const present = { ...edited, images: new Map([...edited.images, ...imagesFrom(edited, image)]) };
    const told: Told[] = [];
    const after = play(present, 60, told);
    expect(told.filter(({ step }) => step !== "pull")).toEqual([]);
    expect(runs(after)).toEqual(["alice/a", "alice/job"]);
    expect(recordOf(after, "uid-alice-a").status.message).toContain("ds01 resume --all");
    play({ ...after, emergencyStops: [] }, 30, told);
    expect(told.map(({ step }) => step)).toContain("create");
  });

  test("a replacement that runs alone is not rolled back, as the old one would not start, until an admin has said", () => {
    const host = running();
    const { spec, generation } = recordOf(host, "uid-alice-a");
    if (spec === null) throw new Error("declared above");
    const image = "other:1";
    const edited = changed({ ...host, emergencyStops: [] }, "a", {
      spec: { ...spec, image },
      generation: generation + 1,
    });
    const present = { ...edited, images: new Map([...edited.images, ...imagesFrom(edited, image)]) };
    const replacing = playUntil(present, (now) => runsOf(now, image) && !runsOf(now, spec.image ?? ""));
    const sick = {
      ...replacing,
      ...unknown,
      containers: replacing.containers.map((container) =>
        container.config.image === image ? { ...container, health: "unhealthy" as const } : container,
      ),
    };
    const told: Told[] = [];
    const after = play(sick, 60, told);
    expect(told).toEqual([]);
    expect(runsOf(after, image)).toBe(true);
    expect(recordOf(after, "uid-alice-a").status.message).toContain("ds01 resume --all");
    expect(runsOf(play({ ...after, emergencyStops: [] }, 60), spec.image ?? "")).toBe(true);
  });

  test("what its file stops is stopped", () => {
    const host = running();
    const { spec } = recordOf(host, "uid-alice-a");
    if (spec === null) throw new Error("declared above");
    const stopped = changed(host, "a", { spec: { ...spec, desiredState: "Stopped" } });
    expect(runPass(stopped, "uid-alice-a").decision.steps).toMatchObject([{ do: "stop" }]);
    expect(runs(play(stopped, 20))).toEqual(["alice/job"]);
  });
});

function runsOf({ containers }: PureHost, image: string): boolean {
  return containers.some(
    ({ labels, config, state }) =>
      labels["ds01.name"] === "a" && config.image === image && state === "running",
  );
}

function playUntil(start: PureHost, isThere: (host: PureHost) => boolean): PureHost {
  let host = start;
  for (let second = 0; second < 60 && !isThere(host); second += 1) host = play(host, 1);
  expect(isThere(host)).toBe(true);
  return host;
}

/** The image is here as the others are. */
function imagesFrom({ images }: PureHost, image: string): readonly (readonly [string, never])[] {
  return [...images.values()].slice(0, 1).map((state) => [image, state as never] as const);
}
