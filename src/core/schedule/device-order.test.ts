import { expect, test } from "vitest";
import { compareSlots } from "./device-order.ts";

test("slots stand in the order of their numbers, a GPU before its slices", () => {
  const inOrder = ["0", "0.1", "0.2", "0.10", "1", "1:2", "1:10", "2", "10", "amd-gpu-2", "tpu-2", "tpu-10"];
  expect(inOrder.toReversed().toSorted(compareSlots)).toEqual(inOrder);
});

test("the order is total", () => {
  expect(compareSlots("01", "1")).not.toBe(0);
  expect(compareSlots("1", "01")).toBe(-compareSlots("01", "1"));
  expect(compareSlots("0:1", "0:1")).toBe(0);
});
