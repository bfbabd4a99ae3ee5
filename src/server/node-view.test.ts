import { expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.ts";
import type { HealthCheck } from "../ports/control-plane.ts";
import { NodeView } from "./node-view.ts";

const check = (name: string, ok: boolean): HealthCheck => ({
  name,
  ok,
  message: `${name} says so`,
  remedy: null,
});

function viewOf(health: readonly HealthCheck[]) {
  const clock = new ManualClock();
  const state = { health };
  const control = { gpus: { list: () => [] }, health: () => state.health };
  const host = { name: "box", cpus: 4, memoryBytes: 1024 };
  const parts = { control, host, version: "1.0.0", clock } as unknown as ConstructorParameters<
    typeof NodeView
  >[0];
  const view = new NodeView(parts);
  const ready = (): unknown => (view.now().status as { conditions: readonly unknown[] }).conditions[0];
  return { clock, state, ready };
}

test("a node is ready without what few specs need, as /readyz says", () => {
  const { clock, state, ready } = viewOf([check("EngineReady", true), check("BuildsReady", true)]);
  const before = ready();
  clock.advance(60_000);
  state.health = [check("EngineReady", true), { ...check("BuildsReady", false), optional: true }];
  expect(ready()).toEqual(before);
  expect(before).toMatchObject({ status: "True", reason: "AllReady", message: "" });
});

test("a node is not ready without what everything needs, which it names alone", () => {
  const { ready } = viewOf([{ ...check("BuildsReady", false), optional: true }, check("EngineReady", false)]);
  expect(ready()).toMatchObject({
    status: "False",
    reason: "EngineReady",
    message: "EngineReady: EngineReady says so",
  });
});
