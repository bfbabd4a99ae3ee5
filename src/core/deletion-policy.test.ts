import { describe, expect, it } from "vitest";
import { record, spec } from "../../test/support/world-builder.ts";
import { deletionPolicyOf, isToFinish, whileItFinishes } from "./deletion-policy.ts";
import type { ContainerRecord } from "./record.ts";

const job = (phase: ContainerRecord["status"]["phase"], fields: object = {}): ContainerRecord => {
  const whole = record({ spec: spec({ restartPolicy: "Never", ...fields }) });
  return { ...whole, status: { ...whole.status, phase } };
};

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
