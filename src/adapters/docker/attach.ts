import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import type { ExecSession } from "../../ports/container-access.ts";
import { ConflictError } from "../../util/errors.ts";
import type { EngineClient } from "./engine-client.ts";
import { endOf, separate } from "./hijacked-streams.ts";
import type { InspectJson } from "./inspect-json.ts";

const deadlineMs = 15_000;
/** How long after its streams a process that has ended is known to have. */
const exitKnownMs = 1000;

/** Connects with the process of a container that runs; ConflictError where none does. */
export async function attachTo(
  client: EngineClient,
  idOrName: string,
  { stdin }: { readonly stdin: boolean },
): Promise<ExecSession> {
  const what = `attach to ${idOrName}`;
  const path = `/containers/${encodeURIComponent(idOrName)}`;
  const json = (await client.request({
    what,
    method: "GET",
    path: `${path}/json`,
    deadlineMs,
  })) as InspectJson;
  if (json.State.Status !== "running") {
    // The engine itself would wait for the next start without a word.
    const message = `cannot ${what}: it is ${json.State.Status}`;
    throw new ConflictError({ reason: "ContainerNotRunning", message });
  }
  const detached = new AbortController();
  const { signal } = detached;
  const query = { condition: "next-exit" };
  const exit = client
    .open({ what: `wait for ${idOrName}`, method: "POST", path: `${path}/wait`, query, deadlineMs, signal })
    .then(exitCodeIn);
  // Whoever calls wait() hears of it.
  exit.catch(() => undefined);
  let connection: Duplex;
  try {
    connection = await client.hijack({
      what,
      method: "POST",
      path: `${path}/attach`,
      query: { stream: true, stdin, stdout: true, stderr: true },
      deadlineMs,
    });
  } catch (error) {
    detached.abort();
    throw error;
  }
  const exitCode = exitCodeAfter(endOf(connection), exit, detached);
  // Whoever leaves calls no wait().
  exitCode.catch(() => undefined);
  const tty = json.Config.Tty === true;
  return {
    stdin: connection,
    ...(tty ? { stdout: connection, stderr: null } : separate(connection)),
    resize: async (columns, rows) => {
      const size = { w: columns, h: rows };
      await client.request({
        what: `resize ${idOrName}`,
        method: "POST",
        path: `${path}/resize`,
        query: size,
        deadlineMs,
      });
    },
    wait: () => exitCode,
  };
}

/** Ends the call that waits soon after the streams, also where nobody asks: it would stay until the container ends. */
async function exitCodeAfter(
  ended: Promise<void>,
  exit: Promise<number>,
  detached: AbortController,
): Promise<number> {
  await ended;
  try {
    return await Promise.race([exit, delay(exitKnownMs, 0)]);
  } finally {
    detached.abort();
  }
}

async function exitCodeIn(answer: AsyncIterable<Uint8Array>): Promise<number> {
  const { StatusCode: exitCode } = JSON.parse(await text(answer)) as { readonly StatusCode: number };
  return exitCode;
}
