import { ChildProcess } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { queryObjects, setFlagsFromString } from "node:v8";
import { afterAll, expect, test } from "vitest";
import { NvidiaSmi } from "../../src/adapters/gpu/nvidia-smi.ts";
import { messageOf } from "../../src/util/errors.ts";
import { waitFor } from "../bed/wait-for.ts";

const folder = mkdtempSync(join(tmpdir(), "ds01-smi-children-"));
const program = join(folder, "nvidia-smi");

afterAll(() => rmSync(folder, { recursive: true }));

function answerWith(script: string): void {
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
}

// An error holds the frames in which it was made, and by them everything these could see.
test("no child that has ended is held, neither by its failure nor by its answer", async () => {
  setFlagsFromString("--expose-gc");
  const smi = new NvidiaSmi({ program });
  const children = (): number => queryObjects(ChildProcess, { format: "count" });
  const before = children();
  answerWith("echo broken >&2; exit 9");
  // Not by `rejects`, which holds the error itself.
  const failure = await smi.run(["-L"]).then(String, (error: unknown) => messageOf(error));
  expect(failure).toContain("ended with 9: broken");
  await waitFor("the failed one to be collected", () => children() <= before);
  answerWith("echo fine");
  expect(await smi.run(["-L"])).toBe("fine\n");
  await waitFor("both to be collected", () => children() <= before);
});
