import { describe, expect, test } from "vitest";
import { desiredContainer } from "../../../test/support/desired-container.ts";
import { record, spec, startOfTest as now } from "../../../test/support/world-builder.ts";
import { labels } from "../../api/names.ts";
import type { ObservedContainer } from "../observed.ts";
import { createdContainer } from "../plan/predict.ts";
import { knownLimits } from "../quota/known-limits.ts";
import { resolveQuota } from "../quota/resolve.ts";
import type { ContainerRecord } from "../record.ts";
import { claimOf } from "./claims.ts";
import type { ManagedClaim } from "./lease.ts";

const hour = 60 * 60 * 1000;
const limited = record({ spec: spec({ gpus: { count: 1 }, lifecycle: { maxRuntime: "1h" } }) });
const deletion = { requestedAt: now, cause: "its file is gone" };

function container(change: Partial<ObservedContainer> = {}): ObservedContainer {
  const made = createdContainer(desiredContainer("train", { labels: { [labels.gpuUuids]: "GPU-0" } }), now);
  return { ...made, ...change };
}

function claim(
  own: ContainerRecord,
  containers: readonly ObservedContainer[],
  reserved?: string,
): ManagedClaim | undefined {
  const limits = knownLimits(own, resolveQuota(own.namespace, [], []));
  const reservation = reserved === undefined ? undefined : { devices: [reserved] };
  return claimOf({ record: own, containers, limits, reservation, now, goneOf: () => [] })?.claim;
}

describe("the claim of an object", () => {
  test("is expected to last its maxRuntime from now on until it has started", () => {
    const expected = { state: "Allocated", until: now + hour, untilCause: "maxRuntime" };
    expect(claim(limited, [], "GPU-0")).toMatchObject(expected);
    expect(claim(limited, [container()])).toMatchObject(expected);
    expect(claim(record({ spec: spec({ gpus: { count: 1 } }) }), [container()])).toMatchObject({
      until: null,
    });
  });

  test("is about to end when it is being removed, whether it still runs or not", () => {
    const leaving = { ...limited, deletion };
    const running = container({ state: "running", startedAt: now });
    expect(claim(leaving, [running])).toMatchObject({ state: "Allocated", untilCause: "removal" });
    const stopped = container({ state: "exited", startedAt: now, finishedAt: now });
    expect(claim(leaving, [stopped])).toMatchObject({ state: "Held", untilCause: "removal" });
  });

  test("does not come back to a released container because it is removed", () => {
    const stopped = container({ state: "exited", startedAt: now, finishedAt: now });
    const released = { ...limited, deletion, memory: { ...limited.memory, releasedContainerId: stopped.id } };
    expect(claim(released, [stopped])).toBeUndefined();
  });

  test("lasts no longer than the hold once it may not start again for another reason", () => {
    const lifecycle = { holdGpuAfterStop: "1h" };
    const own = record({ spec: spec({ gpus: { count: 1 }, lifecycle }) });
    const stopped = container({ state: "exited", exitCode: 1, startedAt: now - hour, finishedAt: now });
    expect(claim(own, [stopped])).toMatchObject({ state: "Allocated", until: null });
    const condition = {
      type: "QuotaReserved",
      status: "False",
      reason: "PortInUse",
      message: "bob/web has it",
      lastTransitionTime: "2026-11-23T12:00:00Z",
      observedGeneration: 1,
    } as const;
    const keptBack = { ...own, status: { ...own.status, observedGeneration: 1, conditions: [condition] } };
    expect(claim(keptBack, [stopped])).toMatchObject({ state: "Held", until: now + hour });
    expect(claim(keptBack, [{ ...stopped, finishedAt: now - hour }])).toBeUndefined();
    const running = container({ state: "running", startedAt: now - hour });
    expect(claim(keptBack, [running])).toMatchObject({ state: "Allocated" });
  });
});
