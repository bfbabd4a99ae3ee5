import { describe, expect, it } from "vitest";
import { changed, edited, ended, remembering, running } from "../../../test/support/one-object.ts";
import { admittedQuota } from "../../../test/support/quotas.ts";
import { device, record, spec, startOfTest as now, world } from "../../../test/support/world-builder.ts";
import { decide } from "../decide.ts";
import { hostView, type HostView } from "../host-view.ts";
import type { LifecycleMemory } from "../lifecycle/memory.ts";
import { freshMemory } from "../lifecycle/memory.ts";
import type { World } from "../world.ts";

const minute = 60_000;
const one = admittedQuota("one", { subjects: { default: true }, maxContainers: 1 });

function beside(start: World, containers: number): World {
  const holders = [{ name: "alice/other", gpuEquivalents: 0 }];
  return { ...start, othersUsage: { containers, gpuEquivalents: 0, holders } };
}

function stoppedAgo(fields: Parameters<typeof spec>[0], memory: Partial<LifecycleMemory>): World {
  const start = changed(running(fields, [one]), ended(now + minute, 143));
  return remembering(start, memory);
}

function view(...objects: readonly World[]): HostView {
  return hostView({
    records: objects.map((object) => object.record),
    quotas: [one],
    groups: new Map(),
    containers: objects.flatMap((object) => object.containers),
    instance: "test",
    inventory: { ready: true, message: "", devices: [device(0)], usage: new Map() },
    reservations: new Map(),
    inputsReady: () => true,
    strategy: "leastAllocated",
    now,
  });
}

describe("maxContainers", () => {
  it("keeps back what was stopped as declared and is wanted again", () => {
    const decision = decide(beside(stoppedAgo({}, { stopCause: "SpecStopped" }), 1), now + 2 * minute);

    expect(decision.steps).toEqual([]);
    expect(decision.status).toMatchObject({ phase: "Pending", reason: "WaitingForQuota" });
    expect(
      decide(beside(stoppedAgo({}, { stopCause: "SpecStopped" }), 0), now + 2 * minute).steps,
    ).toMatchObject([{ do: "start" }]);
  });

  it("lets a container that crashed start again, which counts all the time", () => {
    const crashed = beside(stoppedAgo({}, {}), 1);

    expect(decide(crashed, now + 2 * minute).steps).toMatchObject([{ do: "start" }]);
    expect(view(crashed).usage("alice", null).containers).toBe(1);
  });

  it("leaves alone what runs, and what was edited while it runs", () => {
    const start = beside(running({}, [one]), 3);

    expect(decide(start, now + minute).fact.type).toBe("container.running");
    expect(decide(edited(start, { image: "bed/health:1" }), now + minute).steps).toMatchObject([
      { do: "create" },
    ]);
  });

  it("keeps back a job that is done and was given more", () => {
    const job = { restartPolicy: "Never", resources: { memory: "1Gi" } } as const;
    const start = stoppedAgo(job, {});
    const failed = remembering(start, decide(start, now + minute).memory);
    expect(failed.record.memory.finished).not.toBeNull();
    const more = edited(failed, { ...job, resources: { memory: "2Gi" } });

    expect(decide(beside(more, 1), now + 2 * minute).status.reason).toBe("WaitingForQuota");
    expect(view(more).usage("alice", null).containers).toBe(0);
  });

  it("does not let two that wait for it keep each other back", () => {
    const stopped = stoppedAgo({}, { stopCause: "SpecStopped" });
    const other: World = {
      ...stopped,
      record: { ...stopped.record, name: "other", uid: "uid-alice-other" },
      containers: stopped.containers.map((container) => ({
        ...container,
        id: "other",
        labels: { ...container.labels, "ds01.uid": "uid-alice-other" },
      })),
    };

    expect(view(stopped, other).usage("alice", "uid-alice-train").containers).toBe(0);
  });

  it("is not what a stopped object or a job that is done waits for", () => {
    const quiet = edited(stoppedAgo({}, { stopCause: "SpecStopped" }), { desiredState: "Stopped" });
    const conditions = decide(beside(quiet, 1), now + 2 * minute).status.conditions;

    expect(conditions.find(({ type }) => type === "QuotaReserved")?.status).toBe("True");
  });

  it("keeps back what has no container yet", () => {
    const fresh = record({ spec: spec(), memory: freshMemory(now) });
    const start: World = { ...beside(running({}, [one]), 1), record: fresh, containers: [] };

    expect(decide(start, now).status.reason).toBe("WaitingForQuota");
  });
});

describe("a path of which nobody can tell where it leads", () => {
  it("waits, though it is granted as it is written", () => {
    const policy = { hostPaths: [{ path: "/home/alice/**" }] };
    const volumes = [{ name: "v", mountPath: "/v", hostPath: { path: "/home/alice/nfs" } }];
    const own = world(
      {
        record: record({ spec: spec({ volumes }) }),
        hostPaths: new Map([["/home/alice/nfs", { realPath: "/home/alice/nfs", kind: "Unreadable" }]]),
      },
      [admittedQuota("all", { subjects: { default: true }, policy })],
    );
    expect(decide(own, now)).toMatchObject({ steps: [], fact: { type: "waiting", reason: "MountMissing" } });
  });
});

describe("a source of spec.copy that is gone", () => {
  const copy = [{ from: "/home/alice/config.yaml", to: "/etc/app/config.yaml" }];
  const policy = { hostPaths: [{ path: "/home/alice/**" }] };
  const all = [admittedQuota("all", { subjects: { default: true }, policy })];
  const stands = (kind: "File" | "Missing"): Pick<World, "hostPaths"> => ({
    hostPaths: new Map([["/home/alice/config.yaml", { realPath: "/home/alice/config.yaml", kind }]]),
  });
  const started = (): World => ({ ...running({ copy }, all, stands("File")), ...stands("Missing") });
  const reserved = (object: World): string | undefined =>
    decide(object, now + minute).status.conditions.find(({ type }) => type === "QuotaReserved")?.status;

  it("keeps back what has not started yet", () => {
    const own = world({ record: record({ spec: spec({ copy }) }), ...stands("Missing") }, all);
    expect(decide(own, now)).toMatchObject({ steps: [], fact: { type: "waiting", reason: "CopyMissing" } });
  });

  it("keeps back nothing that was started with it", () => {
    expect(started().containers).toMatchObject([{ state: "running" }]);
    expect(reserved(started())).toBe("True");
    const crashed = changed(started(), ended(now + minute));
    expect(decide(crashed, now + 2 * minute).steps).toMatchObject([{ do: "start" }]);
  });

  it("keeps what runs until a new container can be made", () => {
    const other = edited(started(), { copy, image: "bed/health:1" });
    expect(decide(other, now + minute)).toMatchObject({ steps: [], fact: { reason: "CopyMissing" } });
  });
});

describe("a crashed container that may not start again now", () => {
  const ports = [{ containerPort: 80, hostPort: 8080, hostIP: "0.0.0.0" }];
  const policy = { hostPorts: { ranges: ["8000-8999"], addresses: ["*"] } };
  const all = [admittedQuota("all", { subjects: { default: true }, policy })];
  const taken: Pick<World, "portUses"> = {
    portUses: [{ containerId: "b", holder: "bob/web", hostIp: "0.0.0.0", hostPort: 8080, protocol: "tcp" }],
  };

  it("says why, and not that it looks for devices, once it has given them back", () => {
    const crashed = changed(running({ gpus: { count: 1 }, ports }, all), ended(now + minute));
    const released = { ...crashed, ...taken, claim: null, schedule: null };
    expect(decide(released, now + 2 * minute).fact).toMatchObject({
      type: "waiting",
      reason: "PortInUse",
      at: null,
    });
  });
});
