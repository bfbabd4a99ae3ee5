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
});
