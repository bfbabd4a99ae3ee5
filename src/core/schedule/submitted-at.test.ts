import { expect, test } from "vitest";
import { freshMemory } from "../lifecycle/memory.ts";
import { submittedAt } from "./submitted-at.ts";

const [createdAt, now] = [1000, 9000];
const memory = freshMemory(createdAt);

test("a new object waits since it was declared", () => {
  expect(submittedAt({ memory, generation: 1, createdAt }, now)).toBe(createdAt);
});

test("what was remembered counts, whatever has happened since", () => {
  const waiting = { ...memory, waitingSince: 4000 };
  expect(submittedAt({ memory: waiting, generation: 7, createdAt }, now)).toBe(4000);
});

test("who is told to run days after being declared does not pass those who wait", () => {
  expect(submittedAt({ memory, generation: 2, createdAt }, now)).toBe(now);
});

test("who has had devices before queues anew", () => {
  expect(submittedAt({ memory: { ...memory, lastGpus: ["GPU-1"] }, generation: 1, createdAt }, now)).toBe(
    now,
  );
});
