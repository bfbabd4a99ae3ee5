import { describe, expect, it } from "vitest";
import { interpreterOf } from "./interpreter.ts";

describe("how a file is run", () => {
  it("says its first line before its suffix", () => {
    expect(interpreterOf("train.py", "#!/usr/bin/env python3.12\nimport x\n")).toEqual({
      by: "shebang",
      words: ["/usr/bin/env", "python3.12"],
    });
    expect(interpreterOf("x", "#! /bin/sh -e -u \n")).toEqual({ by: "shebang", words: ["/bin/sh", "-e -u"] });
  });

  it("says its suffix otherwise, or nothing", () => {
    expect(interpreterOf("train.py", "import x\n")).toEqual({
      by: "suffix",
      programs: ["python3", "python"],
    });
    expect(() => interpreterOf("data.csv", "a,b\n")).toThrow("does not say how it is run");
  });
});
