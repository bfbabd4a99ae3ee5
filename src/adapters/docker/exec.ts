import { setTimeout as delay } from "node:timers/promises";
import type { ExecOptions, ExecSession } from "../../ports/container-access.ts";
import { Ds01Error } from "../../util/errors.ts";
import type { EngineClient } from "./engine-client.ts";
import { endOf, separate } from "./hijacked-streams.ts";

const deadlineMs = 15_000;
const exitCodePoll = { everyMs: 20, forMs: 5_000 } as const;

/** Runs a command in a container. */
export async function startExec(
  client: EngineClient,
  idOrName: string,
  options: ExecOptions,
): Promise<ExecSession> {
  const { command, stdin, tty } = options;
  const what = `run ${command[0] ?? "nothing"} in ${idOrName}`;
  const created = await client.request({
    what,
    method: "POST",
    path: `/containers/${encodeURIComponent(idOrName)}/exec`,
    body: { Cmd: command, AttachStdin: stdin, AttachStdout: true, AttachStderr: true, Tty: tty },
    deadlineMs,
  });
  const path = `/exec/${(created as { Id: string }).Id}`;
  const body = { Detach: false, Tty: tty };
  const connection = await client.hijack({ what, method: "POST", path: `${path}/start`, body, deadlineMs });
  const ended = endOf(connection);
  return {
    stdin: connection,
    ...(tty ? { stdout: connection, stderr: null } : separate(connection)),
    resize: async (columns, rows) => {
      const query = { w: columns, h: rows };
      await client.request({
        what: `resize ${what}`,
        method: "POST",
        path: `${path}/resize`,
        query,
        deadlineMs,
      });
    },
    wait: async () => {
      await ended;
      return exitCodeOf(client, what, path);
    },
  };
}

async function exitCodeOf(client: EngineClient, what: string, path: string): Promise<number> {
  const until = performance.now() + exitCodePoll.forMs;
  for (;;) {
    const json = await client.request({ what, method: "GET", path: `${path}/json`, deadlineMs });
    const { Running: running, ExitCode: exitCode } = json as { Running: boolean; ExitCode: number | null };
    if (!running && exitCode !== null) return exitCode;
    if (performance.now() >= until) break;
    await delay(exitCodePoll.everyMs);
  }
  const message = `cannot tell how it ended: ${what}: its output ended, the process goes on`;
  throw new Ds01Error({ reason: "ExecStillRunning", message });
}
