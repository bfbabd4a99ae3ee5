import { describe, expect, it } from "vitest";
import { edited, remembering, running } from "../../test/support/one-object.ts";
import { hookAttachment, startOfTest as now } from "../../test/support/world-builder.ts";
import { decide } from "./decide.ts";
import { renderPlan } from "./plan/render-plan.ts";
import type { Attachment, Device } from "./schedule/device.ts";
import type { Injection } from "./schedule/injection.ts";
import type { World } from "./world.ts";

const minute = 60_000;

function cdiAttachment(devices: readonly Device[]): Attachment {
  if (devices.length === 0) return hookAttachment(devices);
  return {
    injection: "cdi",
    environment: { NVIDIA_VISIBLE_DEVICES: "void" },
    deviceRequests: [
      { driver: "cdi", deviceIds: devices.map(({ uuid }) => `nvidia.com/gpu=${uuid}`), capabilities: [] },
    ],
    runtime: null,
  };
}

const ways: Readonly<Partial<Record<Injection, (devices: readonly Device[]) => Attachment>>> = {
  cdi: cdiAttachment,
  hook: hookAttachment,
  runtime: (devices) => ({
    ...hookAttachment(devices),
    injection: "runtime",
    deviceRequests: [],
    runtime: "nvidia",
  }),
};

/** The engine offers `now`, unless a container was made otherwise. */
function offering(way: "cdi" | "hook" | "runtime"): World["attach"] {
  return (devices, made) => (ways[made ?? way] ?? hookAttachment)(devices);
}

const fields = { gpus: { count: 1 }, resources: { memory: "8Gi" } };

function planFor(start: World): string {
  return renderPlan(decide(start, now + minute).steps);
}

describe("an engine that offers another way of passing GPUs in", () => {
  const offers = ["cdi", "hook", "runtime"] as const;
  const pairs = offers.flatMap((made) => offers.map((later) => [made, later] as const));

  it.each(pairs)("leaves a container made by %s alone when it offers %s", (made, later) => {
    const start = running(fields, [], { attach: offering(made) });
    expect(start.containers[0]?.labels["ds01.injection"]).toBe(made);
    expect(planFor({ ...start, attach: offering(later) })).toBe("");
    // Nor when what ds01 knew of it is lost.
    expect(planFor({ ...remembering(start, { containerId: null }), attach: offering(later) })).toBe("");
  });

  it("uses it for the next container", () => {
    const start = running(fields, [], { attach: offering("hook") });
    const lost = { ...start, containers: [], attach: offering("cdi") };
    const create = decide(lost, now + minute).steps.find((step) => step.do === "create");
    expect(create).toMatchObject({ container: { labels: { "ds01.injection": "cdi" } } });
  });
});

describe("limits of a container with GPUs", () => {
  const other = { ...fields, resources: { memory: "16Gi" } };

  it.each([
    ["cdi", "1 update"],
    ["hook", "1 create train._.alice.ds01-2"],
    ["runtime", "1 create train._.alice.ds01-2"],
  ] as const)("that came by %s change by: %s", (way, plan) => {
    const start = running(fields, [], { attach: offering(way) });
    expect(planFor(edited(start, other))).toContain(plan);
  });
});
