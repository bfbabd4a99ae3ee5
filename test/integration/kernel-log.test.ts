import { execFileSync } from "node:child_process";
import {
  accessSync,
  appendFileSync,
  closeSync,
  constants,
  openSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { kernelLog } from "../../src/adapters/host/kernel-log.ts";
import type { KernelLine, KernelLogState } from "../../src/ports/kernel-log.ts";
import { waitFor } from "../bed/wait-for.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

interface Followed {
  readonly lines: KernelLine[];
  readonly states: KernelLogState[];
  readonly stop: () => void;
}

function follow(path: string, cursor: string | null = null, sinceMs = 600_000): Followed {
  const stopping = new AbortController();
  const followed: Followed = { lines: [], states: [], stop: () => stopping.abort() };
  onTestFinished(() => stopping.abort());
  kernelLog({ path, pollMs: 10 }).follow(
    { cursor, sinceMs },
    {
      onLines: (lines) => void followed.lines.push(...lines),
      onState: (state) => void followed.states.push(state),
    },
    stopping.signal,
  );
  return followed;
}

const xid = (code: number): string => `NVRM: Xid (PCI:0000:0f:00): ${code}, pid=1, test`;
const texts = ({ lines }: Followed): readonly string[] => lines.map(({ text }) => text);

function mayWriteKernelLog(): boolean {
  try {
    accessSync("/dev/kmsg", constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

describe("the kernel log", () => {
  it("is followed in a file from its end on, whole lines of the driver only, also when it is cut", async () => {
    const path = join(temporaryDirectory(), "kern.log");
    writeFileSync(path, `${xid(1)}\n`);
    const followed = follow(path);
    expect(followed.states).toEqual([{ readable: true, message: `${path} is read` }]);
    appendFileSync(path, `usb 1-1: new device\n${xid(2)}\nNVRM: Xid (PCI:0000:0f:`);
    await waitFor("the second line", () => followed.lines.length === 1);
    appendFileSync(path, `00): 3, pid=1, test\n`);
    await waitFor("the third line", () => followed.lines.length === 2);
    truncateSync(path, 0);
    appendFileSync(path, `${xid(4)}\n`);
    await waitFor("the fourth line", () => followed.lines.length === 3);
    expect(texts(followed)).toEqual([xid(2), xid(3), xid(4)]);
    expect(Math.abs(followed.lines[0]!.at - Date.now())).toBeLessThan(10_000);
    expect(followed.lines[0]!.cursor).toBeNull();
    followed.stop();
    appendFileSync(path, `${xid(5)}\n`);
    expect(followed.lines).toHaveLength(3);
  });

  it("is followed in a named pipe, with and without a writer, and blocks nobody", async () => {
    const path = join(temporaryDirectory(), "pipe");
    execFileSync("mkfifo", [path]);
    const followed = follow(path);
    for (const code of [13, 79]) {
      // Without anybody who reads it cannot be opened so.
      const writer = await waitFor("a reader", () =>
        openSync(path, constants.O_WRONLY | constants.O_NONBLOCK),
      );
      writeSync(writer, `<4>${xid(code)}\n`);
      closeSync(writer);
      await waitFor(`XID ${code}`, () => texts(followed).at(-1) === `<4>${xid(code)}`);
    }
    expect(followed.states).toHaveLength(1);
  });

  it("that cannot be read is harmless and said once", async () => {
    const path = join(temporaryDirectory(), "none");
    const followed = follow(path);
    expect(followed.states).toEqual([
      { readable: false, message: expect.stringContaining(`${path} cannot be read (ENOENT`) },
    ]);
    expect(followed.lines).toEqual([]);
  });

  it.skipIf(!mayWriteKernelLog())(
    "of this machine is read from the lines that are new since the last one, with time and place",
    async () => {
      const marker = `ds01 test ${process.pid}.${Date.now()}`;
      const say = (what: string): void => writeFileSync("/dev/kmsg", `<7>NVRM: ${marker} ${what}\n`);
      const mine = (followed: Followed): readonly KernelLine[] =>
        followed.lines.filter(({ text }) => text.includes(marker));
      say("one");
      const first = follow("/dev/kmsg");
      await waitFor("the first line", () => mine(first).length === 1);
      say("two");
      await waitFor("the second line", () => mine(first).length === 2);
      first.stop();
      const [one, two] = mine(first);
      expect(one?.text).toBe(`NVRM: ${marker} one`);
      expect(Math.abs(one!.at - Date.now())).toBeLessThan(60_000);
      expect(one?.cursor).toMatch(/^[0-9a-f-]{36}:\d+$/);
      say("three");
      const next = follow("/dev/kmsg", two!.cursor);
      await waitFor("what was written meanwhile", () => mine(next).length === 1);
      expect(mine(next)[0]?.text).toContain("three");
      // Numbers of another boot say nothing about this one.
      const other = follow("/dev/kmsg", "another-boot:99999999");
      await waitFor("what is new in this boot", () => mine(other).length === 3);
    },
  );
});
