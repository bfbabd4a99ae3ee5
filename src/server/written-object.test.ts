import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import type { Exchange } from "./exchange.ts";
import { readMergePatch } from "./written-object.ts";

function exchangeWith(body: string): Exchange {
  const headers = { "content-type": "application/merge-patch+json" };
  const request = Object.assign(Readable.from([Buffer.from(body)]), { headers });
  return { request } as unknown as Exchange;
}

describe("the body of a patch", () => {
  it("is refused at once where a text in it never ends, however long it is", async () => {
    const body = `{"${String.raw`\"`.repeat(40_000)}`;
    const before = performance.now();
    await expect(readMergePatch(exchangeWith(body))).rejects.toThrow(/not JSON/);
    // In time that grows with the square of the length it would be many seconds.
    expect(performance.now() - before).toBeLessThan(1500);
  });

  it("may hold brackets in its texts, and not be nested too deep beside them", async () => {
    const texts = { a: "{".repeat(100), b: String.raw`\"[[[`.repeat(100), c: "line\nline" };
    await expect(readMergePatch(exchangeWith(JSON.stringify({ spec: texts })))).resolves.toMatchObject({
      patch: { spec: texts },
    });
    const deep = `{"a\\"b": ${"[".repeat(100)}${"]".repeat(100)}}`;
    await expect(readMergePatch(exchangeWith(deep))).rejects.toThrow(/nested/);
  });
});
