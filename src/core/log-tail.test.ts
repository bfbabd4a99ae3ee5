import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keptLogLimits, logTail } from "./log-tail.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("the end of a log that is kept", () => {
  it("is its last lines", () => {
    const lines = Array.from({ length: 30 }, (_, index) => `line ${index}`);
    expect(logTail(bytes(`${lines.join("\n")}\n`))).toBe(`${lines.slice(-20).join("\n")}\n`);
    expect(logTail(bytes("one\r\ntwo"))).toBe("one\ntwo\n");
    expect(logTail(bytes(""))).toBe("");
  });

  it("says where the beginning of a line was left out", () => {
    expect(logTail(bytes("ä".repeat(5000)))).toMatch(/^…ä+\n$/);
  });

  it("has nothing in it that moves a terminal", () => {
    expect(logTail(bytes("a\u001b[31mred\tb\u0007"))).toBe("a[31mred\tb\n");
  });

  it("is never longer than what is kept, whatever was written", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20_000 }), (written) => {
        const kept = logTail(written);
        expect(bytes(kept).length).toBeLessThanOrEqual(keptLogLimits.bytes + 1);
        expect(kept.split("\n").length - 1).toBeLessThanOrEqual(keptLogLimits.lines);
      }),
    );
  });
});
