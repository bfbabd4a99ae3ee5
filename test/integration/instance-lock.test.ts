import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { AnotherController, acquireInstanceLock } from "../../src/adapters/store/instance-lock.ts";
import { ownMark } from "../../src/adapters/store/process-mark.ts";
import type { InstanceLock } from "../../src/ports/lock.ts";
import { waitFor } from "../bed/wait-for.ts";
import { silentLog } from "../support/silent-log.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

/** A process that takes the lock when told to. */
interface HolderProcess {
  readonly pid: number;
  ask(line: string): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<unknown>;
  readonly lines: readonly string[];
}

async function startHolder(): Promise<HolderProcess> {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", join(import.meta.dirname, "instance-lock-holder.ts")],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  const nextLine = async (): Promise<string> => {
    const known = lines.length;
    return waitFor("an answer of the holder", () => lines[known], { intervalMs: 2 });
  };
  await nextLine();
  return {
    pid: child.pid!,
    ended: once(child, "exit"),
    lines,
    kill: (signal) => void child.kill(signal),
    ask: async (line) => {
      const answer = nextLine();
      child.stdin.write(`${line}\n`);
      return answer;
    },
  };
}

async function acquire(stateDir: string, staleMs = 10_000): Promise<InstanceLock> {
  const lock = await acquireInstanceLock({ stateDir, staleMs, endingMs: 0, log: silentLog() });
  onTestFinished(async () => lock.release());
  return lock;
}

function writeEpoch(stateDir: string, epoch: number, content: object): void {
  mkdirSync(join(stateDir, "instance"), { recursive: true });
  writeFileSync(join(stateDir, "instance", `${epoch}.json`), JSON.stringify(content));
}

test("a second controller is refused with the pid of the first, until that releases", async () => {
  const stateDir = temporaryDirectory();
  const lock = await acquire(stateDir);
  expect(lock.held()).toBe(true);
  const refused = await acquire(stateDir).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(AnotherController);
  expect(refused).toMatchObject({ pid: process.pid, reason: "AnotherController", exitCode: 75 });
  expect(lock.held()).toBe(true);
  await lock.release();
  expect(lock.held()).toBe(false);
  expect((await acquire(stateDir)).held()).toBe(true);
  expect(readdirSync(join(stateDir, "instance")).sort()).toEqual(["2.json", "2.lock"]);
});

test("a start after kill -9 takes over at once", async () => {
  const stateDir = temporaryDirectory();
  const holder = await startHolder();
  expect(await holder.ask(`acquire ${stateDir} 10000`)).toBe("acquired");
  holder.kill("SIGKILL");
  const startedAt = performance.now();
  const lock = await acquireInstanceLock({ stateDir, log: silentLog() });
  onTestFinished(async () => lock.release());
  expect(lock.held()).toBe(true);
  expect(performance.now() - startedAt).toBeLessThan(5000);
});

test("a live process under the pid of a dead holder does not keep the lock", async () => {
  const stateDir = temporaryDirectory();
  writeEpoch(stateDir, 1, { ...ownMark(), startTicks: "1", released: false });
  expect((await acquire(stateDir)).held()).toBe(true);
});

test("a holder from before a reboot of this machine is dead, one from another machine is not", async () => {
  const rebooted = temporaryDirectory();
  writeEpoch(rebooted, 1, {
    ...ownMark(),
    bootId: "earlier",
    machineId: ownMark().machineId,
    released: false,
  });
  const elsewhere = temporaryDirectory();
  writeEpoch(elsewhere, 1, { ...ownMark(), bootId: "other", machineId: "other", pid: 4711, released: false });
  if (ownMark().machineId !== "") expect((await acquire(rebooted)).held()).toBe(true);
  await expect(acquire(elsewhere)).rejects.toMatchObject({ pid: 4711 });
});

test("a damaged holder file does not block the start", async () => {
  const stateDir = temporaryDirectory();
  writeEpoch(stateDir, 3, {});
  writeFileSync(join(stateDir, "instance", "3.json"), '{"pid":');
  expect((await acquire(stateDir)).held()).toBe(true);
  expect(existsSync(join(stateDir, "instance", "4.json"))).toBe(true);
});

test("of two starters at once exactly one gets the lock, over 20 rounds", async () => {
  const [first, second] = await Promise.all([startHolder(), startHolder()]);
  for (let round = 0; round < 20; round++) {
    const stateDir = temporaryDirectory();
    // Every other round there is a dead holder to take over from.
    if (round % 2 === 1) writeEpoch(stateDir, round, { ...ownMark(), startTicks: "1", released: false });
    const answers = await Promise.all(
      [first, second].map(async (holder) => holder.ask(`acquire ${stateDir} 10000`)),
    );
    const winner = answers.indexOf("acquired");
    const [winning, losing] = winner === 0 ? [first, second] : [second, first];
    expect(answers.toSorted()).toEqual(["acquired", `another ${winning.pid}`]);
    expect(await winning.ask("held")).toBe("true");
    expect(await winning.ask("release")).toBe("released");
    expect(await losing.ask(`acquire ${stateDir} 10000`)).toBe("acquired");
    expect(await losing.ask("release")).toBe("released");
  }
});

test("a holder that was paused and taken over knows it at its next look", async () => {
  const stateDir = temporaryDirectory();
  const holder = await startHolder();
  expect(await holder.ask(`acquire ${stateDir} 4000`)).toBe("acquired");
  holder.kill("SIGSTOP");
  await expect(acquire(stateDir, 4000)).rejects.toThrow(AnotherController);
  const lock = await waitFor("the paused holder to count as gone", async () => acquire(stateDir, 4000), {
    intervalMs: 100,
  });
  holder.kill("SIGCONT");
  expect(await holder.ask("held")).toMatch(/^(false|lost)$/);
  await waitFor("both answers", () => holder.lines.includes("false") && holder.lines.includes("lost"));
  expect(lock.held()).toBe(true);
  holder.kill("SIGTERM");
  await holder.ended;
  expect(lock.held()).toBe(true);
  await waitFor("a sign of life after the old holder's end", () =>
    existsSync(join(stateDir, "instance", "2.lock")),
  );
});

test("a holder loses the lock as soon as the next epoch is there", async () => {
  const stateDir = temporaryDirectory();
  const lock = await acquire(stateDir);
  writeEpoch(stateDir, 2, { ...ownMark(), released: false });
  expect(lock.held()).toBe(false);
});

test("a holder whose lock was deleted by hand loses it and says so once", async () => {
  const stateDir = temporaryDirectory();
  const lock = await acquire(stateDir);
  let told = 0;
  lock.onLost(() => told++);
  rmSync(join(stateDir, "instance"), { recursive: true });
  expect(lock.held()).toBe(false);
  expect(lock.held()).toBe(false);
  expect(told).toBe(1);
  expect((await acquire(stateDir)).held()).toBe(true);
  expect(lock.held()).toBe(false);
});

test("a holder whose sign of life was removed gives it again", async () => {
  const stateDir = temporaryDirectory();
  const lock = await acquire(stateDir, 4000);
  rmSync(join(stateDir, "instance", "1.lock"), { recursive: true });
  await waitFor("the sign of life", () => existsSync(join(stateDir, "instance", "1.lock")));
  expect(lock.held()).toBe(true);
});

test("a holder that can give no sign of life keeps the lock while nobody takes over, and goes on trying", async () => {
  const stateDir = temporaryDirectory();
  const lock = await acquire(stateDir, 2000);
  let told = 0;
  lock.onLost(() => told++);
  // What stands there now is not its own, and cannot be removed while it is young.
  const sign = join(stateDir, "instance", "1.lock");
  rmSync(sign, { recursive: true });
  mkdirSync(sign);
  const keepYoung = setInterval(() => existsSync(sign) && utimesSync(sign, new Date(), new Date()), 100);
  onTestFinished(() => clearInterval(keepYoung));
  const endsAt = Date.now() + 3000;
  await waitFor("three seconds to pass", () => Date.now() > endsAt);
  expect(lock.held()).toBe(true);
  expect(told).toBe(0);

  clearInterval(keepYoung);
  rmSync(sign, { recursive: true });
  await waitFor("the sign of life", () => existsSync(sign));
  expect(lock.held()).toBe(true);
});
