import { describe, expect, it } from "vitest";
import { record, startOfTest as now } from "../../test/support/world-builder.ts";
import type { Step } from "../core/plan/step.ts";
import { NotFoundError, StalledError, UnreachableError, WaitingError } from "../util/errors.ts";
import { failureOf } from "./step-failure.ts";

const pull: Step = { do: "pull", image: "localhost:1/x", cause: "not here" };

describe("a failed step", () => {
  it("waits twice as long after each failure of the engine or the registry", () => {
    const error = new WaitingError({ reason: "RegistryUnreachable", message: "connection refused" });
    const first = failureOf(record(), pull, error, now).memory;
    expect(first).toMatchObject({
      reason: "RegistryUnreachable",
      attempts: 1,
      nextAt: now + 1000,
      stalled: false,
    });
    const again = record({ memory: { ...record().memory, failure: first } });
    expect(failureOf(again, pull, error, now).memory).toMatchObject({ attempts: 2, nextAt: now + 2000 });
  });

  it("stays failed for its owner to act on", () => {
    const error = new StalledError({ reason: "ImageNotFound", message: "no such image" });
    expect(failureOf(record(), pull, error, now).memory).toMatchObject({
      stalled: true,
      nextAt: now + 300_000,
    });
  });

  it("is decided on anew at once when the world has moved on, and later when the engine is away", () => {
    const moved = [
      new NotFoundError({ reason: "ContainerNotFound", message: "gone" }),
      new WaitingError({ reason: "DevicesTaken", message: "held by another" }),
      new WaitingError({ reason: "NameTaken", message: "another is called so" }),
    ];
    for (const error of moved) {
      expect(failureOf(record(), pull, error, now)).toEqual({ memory: null, settlesCreate: true });
    }
    const away = new UnreachableError({ reason: "EngineUnreachable", message: "no answer" });
    expect(failureOf(record(), pull, away, now)).toEqual({ memory: null, settlesCreate: false });
  });
});
