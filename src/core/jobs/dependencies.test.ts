import { describe, expect, it } from "vitest";
import { record, spec } from "../../../test/support/world-builder.ts";
import { allowanceHash } from "../lifecycle/finished-run.ts";
import { freshMemory } from "../lifecycle/memory.ts";
import { specHash } from "../plan/spec-hash.ts";
import type { ContainerRecord } from "../record.ts";
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
