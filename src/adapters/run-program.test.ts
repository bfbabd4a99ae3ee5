import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { waitFor } from "../../test/bed/wait-for.ts";
import { keepCollecting } from "../../test/support/keep-collecting.ts";
import { temporaryDirectory } from "../../test/support/temporary-directory.ts";
import { runProgram, type ProgramCall } from "./run-program.ts";

const shell = (script: string, call: Partial<ProgramCall> = {}): ProgramCall => ({
  command: ["/bin/sh", "-c", script],
  input: "",
  timeoutMs: 1000,
  ...call,
});

/** A script that leaves a process in a session of its own, which holds the standard error of the program. */
function withSurvivor(script: string): { readonly script: string; readonly pid: () => number } {
  const file = join(temporaryDirectory(), "pid");
  const pid = (): number => Number(readFileSync(file, "utf8"));
  onTestFinished(() => void process.kill(pid(), "SIGKILL"));
  const survivor = `setsid sh -c 'echo $$ >"${file}"; exec sleep 300' &`;
  return { script: `${survivor} until [ -s "${file}" ]; do sleep 0.05; done; ${script}`, pid };
}

test("a program is ended in time over collections of garbage", async () => {
  keepCollecting();
  await expect(runProgram(shell("exec sleep 8"))).rejects.toThrow("ended with SIGKILL");
});

test("a program is ended by a signal over collections of garbage", async () => {
  keepCollecting();
  const ending = new AbortController();
  const run = runProgram(shell("exec sleep 8", { timeoutMs: 60_000, signal: ending.signal }));
  setTimeout(() => ending.abort(), 500);
  await expect(run).rejects.toThrow("ended with SIGKILL");
});

test("what holds the standard error for ever holds up nobody", async () => {
  const waiting = withSurvivor("echo broken >&2; exec sleep 300");
  await expect(runProgram(shell(waiting.script))).rejects.toMatchObject({
    message: "/bin/sh ended with SIGKILL",
    said: "broken",
  });
  const ended = withSurvivor("exit 0");
  await runProgram(shell(ended.script));
  const failed = withSurvivor("exit 3");
  await expect(runProgram(shell(failed.script))).rejects.toThrow("ended with 3");
});

test("a signal ends the wait for what holds the standard error", async () => {
  const ending = new AbortController();
  const { script, pid } = withSurvivor("exec sleep 300");
  const run = runProgram(shell(script, { timeoutMs: 250_000, signal: ending.signal }));
  const rejected = expect(run).rejects.toThrow("ended with SIGKILL");
  await waitFor("the process to be there", () => pid() > 0);
  ending.abort();
  await rejected;
});

test("a group that may not be signalled any more, as it is another user's by now, is let go", async () => {
  const kill = vi.spyOn(process, "kill").mockImplementation(() => {
    throw Object.assign(new Error("kill EPERM"), { code: "EPERM" });
  });
  try {
    await expect(runProgram(shell("exec sleep 3", { timeoutMs: 500 }))).rejects.toThrow("ended with SIGKILL");
    expect(kill).toHaveBeenCalledOnce();
  } finally {
    kill.mockRestore();
  }
});
