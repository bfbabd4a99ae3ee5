import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isReservedVariable } from "./environment.ts";
import { parseEnvFile } from "./env-file.ts";

function parse(text: string, prefix = ""): Record<string, string> | string {
  const parsed = parseEnvFile(new TextEncoder().encode(text), prefix);
  return parsed.type === "invalid" ? parsed.message : Object.fromEntries(parsed.variables);
}

describe("a file of variables", () => {
  test("is read as `docker run --env-file` reads it", () => {
    const text = [
      "\u{FEFF}# comment",
      "A=1",
      "",
      "  B= two words ",
      "C='quoted' $A ${A}",
      "D=",
      "E=x=y#z",
      "F.g-h=1\r",
      "A=2",
    ];
    expect(parse(text.join("\n"))).toEqual({
      A: "2",
      B: " two words ",
      C: "'quoted' $A ${A}",
      D: "",
      E: "x=y#z",
      "F.g-h": "1",
    });
  });

  test("gives every name the prefix", () => {
    expect(parse("KEY=1\n1=2\n", "WANDB_")).toEqual({ WANDB_KEY: "1", WANDB_1: "2" });
  });

  test.each([
    ["A=1\nHOME\n", "", "line 2 has no ="],
    ["A =1\n", "", "line 1 does not begin with a variable name"],
    ["=hidden\n", "", "line 1 does not begin with a variable name"],
    ["1A=hidden\n", "", "line 1 does not begin with a variable name"],
    ["\n\nNVIDIA_VISIBLE_DEVICES=all\n", "", "line 3 sets a variable that ds01 sets"],
    ["CUDA_VISIBLE_DEVICES=0\n", "", "line 1 sets a variable that ds01 sets"],
    ["DS01_INDEX=0\n", "", "line 1 sets a variable that ds01 sets"],
    ["_VISIBLE_DEVICES=all\n", "NVIDIA", "line 1 sets a variable that ds01 sets"],
    ["A=hid\0den\n", "", "line 1 has a NUL character"],
  ])("with %j and the prefix %j is refused without a word of its content", (text, prefix, message) => {
    const told = parse(text, prefix);
    expect(told).toContain(message);
    expect(told).not.toContain("hidden");
  });

  test("of other bytes than UTF-8 is refused", () => {
    const content = Uint8Array.from([0x41, 0x3d, 0xff, 0xfe]);
    expect(parseEnvFile(content)).toEqual({ type: "invalid", message: "it is not UTF-8 text" });
  });

  test("never throws, sets nothing that is reserved, and shows nothing of itself in a complaint", () => {
    const word = fc.constantFrom("A", "NVIDIA_", "VISIBLE_DEVICES", "=", "\n", "#", " ", "\0", "\r");
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(word).map((words) => words.join("")),
    );
    fc.assert(
      fc.property(fc.array(text), fc.constantFrom("", "NVIDIA", "P_"), (parts, prefix) => {
        // A marker in every part stands for what must not be told.
        const content = parts.map((part) => `${part}q7w9marker`).join("");
        const parsed = parseEnvFile(new TextEncoder().encode(content), prefix);
        if (parsed.type === "invalid") expect(parsed.message).not.toContain("q7w9");
        else for (const name of parsed.variables.keys()) expect(isReservedVariable(name)).toBe(false);
      }),
    );
    fc.assert(fc.property(fc.uint8Array(), (content) => void parseEnvFile(content)));
  });
});
