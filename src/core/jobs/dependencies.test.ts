import { describe, expect, it } from "vitest";
import { desiredContainer } from "../../../test/support/desired-container.ts";
import { record, spec } from "../../../test/support/world-builder.ts";
import { labels } from "../../api/names.ts";
import { allowanceHash } from "../lifecycle/finished-run.ts";
import { freshMemory } from "../lifecycle/memory.ts";
import type { ObservedContainer } from "../observed.ts";
import { createdContainer } from "../plan/predict.ts";
import { specHash } from "../plan/spec-hash.ts";
import type { ContainerRecord } from "../record.ts";
import type { StartGate } from "./start-gate.ts";
import { startGates } from "./start-gates.ts";

function job(
  name: string,
  after: readonly string[] = [],
  change: Partial<ContainerRecord> = {},
): ContainerRecord {
  const own = spec({ restartPolicy: "Never", ...(after.length === 0 ? {} : { after }) });
  return record({ name, uid: `uid-${name}`, spec: own, ...change });
}

/** The same after it has ended. */
function ended(before: ContainerRecord, reason = "Completed"): ContainerRecord {
  const failed = reason === "ExitCode";
  const finished = {
    specHash: specHash(before.spec!),
    allowanceHash: allowanceHash(before.spec!),
    state: failed ? "Failed" : "Completed",
    reason,
    message: failed ? "exited with code 1" : "exited with code 0",
    exitCode: failed ? 1 : 0,
    at: 0,
  } as const;
  return { ...before, memory: { ...freshMemory(0), finished } };
}

const gateOf = (name: string, ...records: readonly ContainerRecord[]) =>
  startGates({ records, containersOf: new Map(), reservations: new Map() }).get(`uid-${name}`);

describe("what is to start after others", () => {
  it("waits while they have not ended, and for nothing once all have", () => {
    const train = job("train", ["prepare", "fetch"]);
    expect(gateOf("train", train, job("prepare"), ended(job("fetch")))).toEqual({
      reason: "WaitingForDependency",
      message: "starts after alice/prepare, which is Pending",
    });
    expect(gateOf("train", train, ended(job("prepare")), ended(job("fetch")))).toBeUndefined();
  });

  it("waits again for one whose spec was edited since", () => {
    const before = ended(job("prepare"));
    const edited = { ...before, generation: 2, spec: spec({ restartPolicy: "Never", args: ["other"] }) };
    expect(gateOf("train", job("train", ["prepare"]), edited)?.reason).toBe("WaitingForDependency");
  });

  it.each(["ExitCode", "MaxRuntimeExceeded"])("does not start after one that ended by %s", (reason) => {
    const gate = gateOf("train", job("train", ["prepare"]), ended(job("prepare"), reason));
    expect(gate?.reason).toBe("DependencyFailed");
    expect(gate?.message).toContain(`alice/prepare (${reason}: `);
  });

  it("says which ones are not there, in this namespace", () => {
    const train = job("train", ["prepare"]);
    const others = job("prepare", [], { namespace: "bob", uid: "uid-bob" });
    const gone = job("prepare", [], { deletion: { requestedAt: 0, cause: "its file is gone" } });
    const broken = job("prepare", [], { spec: null });
    for (const found of [others, gone, broken]) {
      const gate = gateOf("train", train, found);
      expect(gate?.reason).toBe("DependencyNotFound");
      expect(gate?.message).toContain("after alice/prepare,");
    }
  });

  it("is told where it waits for itself, at once and over others", () => {
    const own = job("train", ["train"]);
    expect(gateOf("train", own)?.message).toContain("train after train;");
    const circle = [job("train", ["b"]), job("b", ["c"]), job("c", ["train"])];
    expect(gateOf("train", ...circle)).toMatchObject({
      reason: "DependencyCycle",
      message: expect.stringContaining("train after b after c after train"),
    });
    // Who only waits for one in a circle is in none.
    expect(gateOf("d", job("d", ["b"]), ...circle)?.reason).toBe("WaitingForDependency");
    expect(gateOf("train", circle[0]!, ended(circle[1]!), circle[2]!)).toBeUndefined();
  });

  it("is told when one runs for ever, is stopped, or when it ends at the latest", () => {
    const train = job("train", ["serve"]);
    const serve = job("serve", [], { spec: spec() });
    expect(gateOf("train", train, serve)?.message).toContain("never completes");
    const stopped = job("serve", [], { spec: spec({ restartPolicy: "Never", desiredState: "Stopped" }) });
    expect(gateOf("train", train, stopped)?.message).toContain("stopped (spec.desiredState)");
    const base = job("serve");
    const running = {
      ...base,
      status: { ...base.status, phase: "Running", expiresAt: "2026-11-01T00:00:00Z" },
    } as const;
    expect(gateOf("train", train, running)?.message).toBe(
      "starts after alice/serve, which is Running until 2026-11-01T00:00:00Z at the latest",
    );
  });
});

describe("what has started after others", () => {
  const train = job("train", ["prepare"]);
  const gateBeside = (
    change: Partial<ContainerRecord["memory"]>,
    container: Partial<ObservedContainer> | null = null,
    own: ContainerRecord = train,
  ): StartGate | undefined => {
    const memory = { ...own.memory, generation: own.generation, ...change };
    const made = createdContainer(
      desiredContainer("train", { labels: { [labels.specHash]: specHash(train.spec!) } }),
      0,
    );
    const containersOf = new Map(container === null ? [] : [["uid-train", [{ ...made, ...container }]]]);
    const records = [{ ...own, memory }, job("prepare")];
    return startGates({ records, containersOf, reservations: new Map() }).get("uid-train");
  };

  it("waits for them no more, however it goes on", () => {
    expect(gateBeside({}, { startedAt: 1, state: "exited", finishedAt: 2 })).toBeUndefined();
    expect(gateBeside({ retries: 1 })).toBeUndefined();
    expect(gateBeside({ ranMs: 1000 })).toBeUndefined();
    expect(gateBeside({ stopCause: "Preempted" })).toBeUndefined();
  });

  it("waits while it has only been made, and once it is something else", () => {
    expect(gateBeside({}, { startedAt: null })?.reason).toBe("WaitingForDependency");
    const { spec: before } = train;
    const other = { ...train, generation: 2, spec: { ...before!, args: ["other"] } };
    const stopped = { startedAt: 1, state: "exited", finishedAt: 2 } as const;
    expect(gateBeside({ stopCause: "Preempted" }, stopped, other)?.reason).toBe("WaitingForDependency");
    const ofFirst = { generation: 1, retries: 1, ranMs: 1000 };
    expect(gateBeside(ofFirst, null, other)?.reason).toBe("WaitingForDependency");
  });
});

/** Counts how many names in `after` are looked at, and lets nobody look at more than so many. */
function countingLooks(records: readonly ContainerRecord[], most: number): readonly ContainerRecord[] {
  let looks = 0;
  return records.map((one) => {
    const after = one.spec?.after ?? [];
    const counted = Object.defineProperty({ ...one.spec! }, "after", {
      enumerable: true,
      get: () => {
        looks += after.length;
        if (looks > most) throw new Error(`more than ${most} edges were looked at`);
        return after;
      },
    });
    return { ...one, spec: counted };
  });
}

describe("many that wait for each other", () => {
  const named = (count: number, prefix = "job"): readonly string[] =>
    Array.from({ length: count }, (_none, index) => `${prefix}-${index}`);
  const gates = (records: readonly ContainerRecord[], most: number) =>
    startGates({
      records: countingLooks(records, most),
      containersOf: new Map(),
      reservations: new Map(),
    });

  it("are looked at a few times each in a chain", () => {
    const names = named(2000);
    const chain = names.map((name, index) => job(name, names.slice(index + 1, index + 2)));
    expect(gates(chain, 10 * 2000).size).toBe(1999);
  });

  it("are looked at a few times each in a circle, and told a part of it", () => {
    const names = named(2000);
    const circle = names.map((name, index) => job(name, [names[(index + 1) % 2000]!]));
    const found = gates(circle, 10 * 2000);
    expect(found.get("uid-job-1998")).toMatchObject({
      reason: "DependencyCycle",
      message: expect.stringContaining("job-1998 after job-1999 after job-0 after job-1 after "),
    });
    expect(found.get("uid-job-1998")?.message.length).toBeLessThan(300);
  });

  it("are looked at a few times each where many ways lead from one to another", () => {
    const layers = named(10, "layer").map((layer) => named(100, layer));
    const jobs = layers.flatMap((layer, index) => layer.map((name) => job(name, layers[index + 1] ?? [])));
    expect(gates(jobs, 10 * 90_000).size).toBe(900);
  });
});
