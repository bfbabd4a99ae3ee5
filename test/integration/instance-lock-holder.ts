import { createInterface } from "node:readline";
import { AnotherController, acquireInstanceLock } from "../../src/adapters/store/instance-lock.ts";
import type { InstanceLock } from "../../src/ports/lock.ts";
import { silentLog } from "../support/silent-log.ts";

/** Does as its standard input says, one answer a line: `acquire DIR STALE_MS`, `held`, `release`. */
let lock: InstanceLock | undefined;

async function answer(line: string): Promise<string> {
  const [verb, stateDir = "", staleMs] = line.split(" ");
  if (verb === "held") return String(lock?.held());
  if (verb === "release") {
    await lock?.release();
    return "released";
  }
  try {
    lock = await acquireInstanceLock({ stateDir, staleMs: Number(staleMs), endingMs: 0, log: silentLog() });
    lock.onLost(() => process.stdout.write("lost\n"));
    return "acquired";
  } catch (error) {
    return error instanceof AnotherController ? `another ${error.pid}` : String(error);
  }
}

process.stdout.write("up\n");
for await (const line of createInterface({ input: process.stdin }))
  process.stdout.write(`${await answer(line)}\n`);
