import { expect, test } from "vitest";
import type { ContainerDescription } from "../../api/description.ts";
import { type ContainerObject, queueCells, queued } from "./queue.ts";
import { whyParagraph } from "./why.ts";

const nowMs = Date.parse("2026-03-01T14:00:00Z");

/** Only what the queue prints, hence the cast. */
function object(name: string, queue: object | undefined, gpus: object = { count: 1 }): ContainerObject {
  return {
    apiVersion: "ds01.io/v1alpha1",
    kind: "ContainerSpec",
    metadata: { name, namespace: "bob" },
    spec: { gpus },
    status: { phase: "Pending", reason: "WaitingForDevices", ...(queue === undefined ? {} : { queue }) },
  } as unknown as ContainerObject;
}

const first = { position: 1, of: 2, priority: 70, since: "2026-03-01T13:30:00Z", basis: "unknown" };
const late = {
  ...first,
  position: 2,
  eta: "2026-03-01T14:20:00Z",
  promised: "2026-03-01T14:05:00Z",
  basis: "limit",
};

test("the queue has those who wait, in order, who can never be served last", () => {
  const never = object("never", { ...first, position: 0 });
  const objects = [never, object("b", late), object("runs", undefined), object("a", first)];
  expect(queued(objects).map(({ metadata }) => metadata.name)).toEqual(["a", "b", "never"]);
});

test("a line says what is needed, how long it waits, and when it starts", () => {
  expect(queueCells(object("a", first, { count: 2 }), nowMs)).toEqual([
    "1",
    "bob",
    "a",
    "70",
    "2 GPUs",
    "30m",
    "unknown",
    "WaitingForDevices",
  ]);
  const slice = { count: 1, profile: "2g.20gb" };
  expect(queueCells(object("b", late, slice), nowMs).slice(4, 7)).toEqual([
    "1 x 2g.20gb",
    "30m",
    "in 20m (15m late)",
  ]);
  const guessed = { ...first, eta: "2026-03-01T16:00:00Z", basis: "history" };
  expect(queueCells(object("d", guessed), nowMs)[6]).toBe("in 120m by earlier runs");
  expect(queueCells(object("c", { ...first, position: 0 }), nowMs)[6]).toBe("never");
});

test("why is one paragraph with what would help at its end", () => {
  // Only what the paragraph is made of, hence the casts.
  const description = {
    namespace: "bob",
    name: "sweep",
    phase: "Pending",
    why: ["Needs 1 whole GPU.", "2nd of 3 in the queue"],
    whatHelps: "gpus: {count: 1, profile: 2g.20gb}",
    gpu: { devices: [] },
    next: { text: "", at: null },
  } as unknown as ContainerDescription;
  expect(whyParagraph(description)).toBe(
    "bob/sweep is Pending. Needs 1 whole GPU. 2nd of 3 in the queue. What would help: gpus: {count: 1, profile: 2g.20gb} would start now.",
  );
  const devices = [{ slot: "0", uuid: "GPU-0" }];
  const running = {
    ...description,
    phase: "Running",
    gpu: { devices },
    why: [],
    whatHelps: null,
    next: { text: "it is stopped (maxRuntime)", at: "2026-03-01T15:00:00Z" },
  } as unknown as ContainerDescription;
  expect(whyParagraph(running)).toBe(
    "bob/sweep is Running with GPU 0. At 2026-03-01T15:00:00Z it is stopped (maxRuntime).",
  );
});
