import { describe, expect, it } from "vitest";
import { record, spec } from "../../test/support/world-builder.ts";
import type { Phase } from "../api/container.ts";
import { deletionPolicyOf, isToFinish, whileItFinishes } from "./deletion-policy.ts";
import type { LifecycleMemory } from "./lifecycle/memory.ts";
import type { ContainerRecord } from "./record.ts";

const job = (phase: Phase, fields: object = {}): ContainerRecord => {
  const whole = record({ spec: spec({ restartPolicy: "Never", ...fields }) });
  return { ...whole, status: { ...whole.status, phase } };
};

/** With a container that has begun, and may have ended. */
function withContainer(
  whole: ContainerRecord,
  end: { readonly finishedAt?: string; readonly exitCode?: number },
): ContainerRecord {
  const container = { id: "c", name: "train", image: "i", startedAt: "2026-01-01T00:00:00Z", ...end };
  return { ...whole, status: { ...whole.status, container } };
}

describe("the deletion policy", () => {
  it("is what the object says, else what the configuration says; an unknown word is the careful one", () => {
    const of = (word?: string) => ({
      annotations: word === undefined ? {} : { "ds01.io/deletion-policy": word },
    });
    expect(deletionPolicyOf(of(), "stop")).toBe("stop");
    expect(deletionPolicyOf(of(), "finish")).toBe("finish");
    expect(deletionPolicyOf(of("stop"), "finish")).toBe("stop");
    expect(deletionPolicyOf(of("finish"), "stop")).toBe("finish");
    expect(deletionPolicyOf(of("Finnish"), "stop")).toBe("finish");
  });

  it.each(["Starting", "Running", "Paused", "Backoff", "Degraded"] as const)(
    "keeps a job that is %s",
    (phase) => {
      expect(isToFinish(job(phase), "finish")).toBe(true);
      expect(isToFinish(job(phase, { restartPolicy: "OnFailure" }), "finish")).toBe(true);
      expect(isToFinish(job(phase), "stop")).toBe(false);
    },
  );

  it.each(["Pending", "Creating", "Held", "Stopped", "Completed", "Failed", "Removing"] as const)(
    "keeps none that is %s: it has not begun, or is over",
    (phase) => {
      expect(isToFinish(job(phase), "finish")).toBe(false);
    },
  );

  describe("of a job whose tries have a container each", () => {
    const lastRun = { containerId: "first", startedAt: 1, finishedAt: 2, exitCode: 1, oomKilled: false };
    const tried = (phase: Phase, containerId = "first", fields: object = {}): ContainerRecord => {
      const whole = job(phase, { backoffLimit: 3, ...fields });
      const memory = { ...whole.memory, generation: whole.generation, retries: 1, lastRun, containerId };
      return { ...whole, memory };
    };

    it.each(["Removing", "Pending", "Preparing", "Allocated", "Creating"] as const)(
      "keeps one that is %s between two tries",
      (phase) => {
        expect(isToFinish(tried(phase), "finish")).toBe(true);
        expect(isToFinish(tried(phase), "stop")).toBe(false);
      },
    );

    it("keeps one whose next container has just been made, and none that has lost it or cannot be made", () => {
      expect(isToFinish(tried("Creating", "second"), "finish")).toBe(true);
      expect(isToFinish(tried("Pending", "second"), "finish")).toBe(false);
      expect(isToFinish(tried("Failed"), "finish")).toBe(false);
      expect(isToFinish(tried("Pending", "first", { backoffLimit: undefined }), "finish")).toBe(false);
      expect(isToFinish({ ...tried("Pending"), generation: 7 }, "finish")).toBe(false);
    });
  });

  it.each(["Creating", "Stopping", "Removing"] as const)("keeps one that lives while it is %s", (phase) => {
    expect(isToFinish(withContainer(job(phase), {}), "finish")).toBe(true);
  });

  it("keeps one that is stopped only to go on: started again, in its turn, or by another container", () => {
    const stopped = (stopCause: LifecycleMemory["stopCause"]): ContainerRecord => {
      const whole = withContainer(job("Stopping"), { finishedAt: "2026-01-01T01:00:00Z", exitCode: 143 });
      return { ...whole, memory: { ...whole.memory, stopCause } };
    };
    for (const cause of ["GpuAccessLost", "RestartRequested", "Replaced", "Preempted"] as const) {
      expect(isToFinish(stopped(cause), "finish"), cause).toBe(true);
    }
    for (const cause of [null, "MaxRuntimeExceeded", "EmergencyStop"] as const) {
      expect(isToFinish(stopped(cause), "finish"), String(cause)).toBe(false);
    }
    const { container: _gone, ...status } = stopped("GpuAccessLost").status;
    expect(isToFinish({ ...stopped("GpuAccessLost"), status }, "finish")).toBe(false);
  });

  it("keeps one that has begun while it cannot be read who is stopped, and none that has not or is over", () => {
    const held = (whole: ContainerRecord): ContainerRecord => ({
      ...whole,
      status: { ...whole.status, reason: "EmergencyStopsUnreadable" },
    });
    const ended = withContainer(job("Held"), { finishedAt: "2026-01-01T01:00:00Z", exitCode: 1 });
    expect(isToFinish(held(ended), "finish")).toBe(true);
    expect(isToFinish(ended, "finish")).toBe(false);
    expect(isToFinish(held(job("Stopped")), "finish")).toBe(false);
    const finished: LifecycleMemory["finished"] = {
      specHash: "",
      state: "Completed",
      reason: "Completed",
      message: "",
      exitCode: 0,
      at: 1,
    };
    expect(isToFinish(held({ ...ended, memory: { ...ended.memory, finished } }), "finish")).toBe(false);
  });

  it("keeps one whose GPU was lost and that is made anew on another", () => {
    const lastRun = { containerId: "first", startedAt: 1, finishedAt: 2, exitCode: 137, oomKilled: false };
    const whole = job("Pending");
    const memory = { ...whole.memory, generation: whole.generation, lastRun, containerId: "first" };
    const lost = { ...whole, memory: { ...memory, stopCause: "GpuAccessLost" as const } };
    expect(isToFinish(lost, "finish")).toBe(true);
  });

  it("keeps nothing that would never end by itself, or that is to be stopped", () => {
    expect(isToFinish(job("Running", { restartPolicy: "Always" }), "finish")).toBe(false);
    expect(isToFinish(job("Running", { desiredState: "Stopped" }), "finish")).toBe(false);
    expect(isToFinish({ ...job("Running"), spec: null }, "finish")).toBe(false);
  });

  it("says so, and remembers why it goes", () => {
    expect(whileItFinishes("its file is gone")).toMatchObject({
      reason: "FinishesFirst",
      message: expect.stringContaining("its file is gone; what runs goes on to its end") as string,
      cause: "its file is gone",
    });
  });
});
