import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { containerText, startApiBed } from "../support/api-bed.ts";

const root = join(import.meta.dirname, "../..");
let directory = "";
let main = "";

/** Runs the bundle as users do: as an executable file. */
async function ds01(
  line: readonly string[],
  socketPath = "/nonexistent/ds01.sock",
): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...process.env, DS01_SOCKET: socketPath, DS01_NAMESPACE: "alice" };
  return new Promise((resolve) => {
    execFile(main, line, { env }, (error, stdout, stderr) => {
      resolve({
        code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1,
        stdout,
        stderr,
      });
    });
  });
}

describe("the bundled command line", () => {
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "ds01-bundle-"));
    execFileSync(process.execPath, ["esbuild.config.mjs", directory], { cwd: root });
    main = join(directory, "main.js");
  });

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it("prints a table from a small file that loads none of the heavy ones", async () => {
    const bed = await startApiBed();
    await bed.control.drop("users/alice/train.yaml", containerText("train"));
    const answer = await ds01(["get", "containers"], bed.socketPath);
    expect(answer).toMatchObject({ code: 0, stderr: "" });
    expect(answer.stdout).toMatch(/^NAME .*\ntrain +Pending/);
    const text = readFileSync(main, "utf8");
    // Some 4 kB a verb of every day, and none of what only some verbs need.
    expect(text.length).toBeLessThan(190_000);
    expect(text).not.toContain("ZodType");
  });

  it("loads schemas and YAML when a verb needs them", async () => {
    const bed = await startApiBed();
    await bed.control.drop("users/alice/train.yaml", containerText("train"));
    expect((await ds01(["get", "container", "train", "-o", "yaml"], bed.socketPath)).stdout).toMatch(
      /^apiVersion: /,
    );
    expect((await ds01(["explain", "container.spec.image"])).stdout).toContain("Image reference");
    const limits = join(root, "test/testdata/resource-limits/resource-limits.yaml");
    expect((await ds01(["import", "resource-limits", limits])).stdout).toContain("kind: QuotaSpec");
  });

  it("gives errors of every file their exit code", async () => {
    expect(await ds01(["explain", "container.spec.nope"])).toMatchObject({ code: 4, stdout: "" });
    expect(await ds01(["get", "containers"])).toMatchObject({ code: 69, stdout: "" });
    expect(await ds01(["get"])).toMatchObject({ code: 2, stdout: "" });
    expect(await ds01(["cp", "a", "b"])).toMatchObject({ code: 2, stdout: "" });
    expect(await ds01(["create", "container", "x", "--guided"])).toMatchObject({ code: 2, stdout: "" });
    expect(await ds01(["emergency-stop", "--all"])).toMatchObject({ code: 2, stdout: "" });
    expect(await ds01(["drain", "0"])).toMatchObject({ code: 69, stdout: "" });
    expect(await ds01(["validate", "/nonexistent"])).toMatchObject({ code: 4, stdout: "" });
  });
});
