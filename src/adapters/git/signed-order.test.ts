import { expect, test } from "vitest";
import { isOrderOf, orderAfter, type SignedOrder } from "./signed-order.ts";

const [minute, now] = [60_000, 1_000_000_000_000];
const [url, ref] = ["https://git.example.org/specs", "refs/heads/main"];
const after = (before: SignedOrder | undefined, signedAt: number): SignedOrder =>
  orderAfter(before, { url, ref, commit: "4f1c".repeat(10), signedAt, now });

test("the latest signature counts, however many older ones come within the tolerance", () => {
  let order = after(undefined, now - 60 * minute);
  for (const age of [30, 39, 39, 40]) order = after(order, now - age * minute);
  expect(order).toEqual({ url, ref, newestAt: now - 30 * minute });
  expect(() => after(order, now - 41 * minute)).toThrow("was signed at");
});

test("a clock that is ahead keeps nobody out", () => {
  const order = after(undefined, now + 365 * 24 * 60 * minute);
  expect(order.newestAt).toBe(now);
  expect(after(order, now - minute).newestAt).toBe(now);
});

test("another ref or repository, as the configuration names it, begins anew", () => {
  for (const before of [
    { url, ref: "refs/heads/other", newestAt: now },
    { url: "https://git.example.org/others", ref, newestAt: now },
  ]) {
    expect(isOrderOf(before, { url, ref })).toBe(false);
    expect(after(before, 5)).toEqual({ url, ref, newestAt: 5 });
  }
  expect(isOrderOf(undefined, { url, ref })).toBe(false);
  expect(isOrderOf(after(undefined, now), { url, ref })).toBe(true);
});

test("one that was kept without the repository goes on", () => {
  expect(isOrderOf({ ref, newestAt: now }, { url, ref })).toBe(true);
  expect(after({ ref, newestAt: now }, now - minute)).toEqual({ url, ref, newestAt: now });
  expect(() => after({ ref, newestAt: now }, now - 41 * minute)).toThrow("was signed at");
});

test("a clock that was ahead and is corrected keeps nobody out, and an older one is refused as before", () => {
  const day = 86_400_000;
  const now = Date.parse("2026-11-30T12:00:00Z");
  const ahead = { url, ref, newestAt: now + day };
  const of = { url, ref, commit: "c".repeat(40), now };
  expect(orderAfter(ahead, { ...of, signedAt: now - 60_000 })).toEqual({ ...ahead, newestAt: now });
  expect(orderAfter(ahead, { ...of, signedAt: now + day })).toEqual({ ...ahead, newestAt: now });
  expect(() => orderAfter(ahead, { ...of, signedAt: now - day })).toThrow("before what was in effect");
});
