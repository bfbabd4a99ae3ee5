import type { Readable } from "node:stream";
import type { LogToKeep } from "../core/decision.ts";
import { keptLogLimits, logTail } from "../core/log-tail.ts";
import type { ContainerRecord } from "../core/record.ts";
import type { ContainerAccess } from "../ports/container-access.ts";
import type { Log } from "../ports/log.ts";
import type { Store } from "../ports/store.ts";
import { messageOf, UnreachableError } from "../util/errors.ts";

/** What of a log is looked at: more bytes than are kept, as a line may hold more than is shown of it. */
const readLimits = { bytes: 1024 * 1024, milliseconds: 5000 } as const;

export interface KeepLogContext {
  readonly store: Store;
  readonly access: Pick<ContainerAccess, "logs">;
  readonly log: Log;
}

/**
 * Reads the end of a container's log and writes it down with its object. A log that cannot be read holds up nothing:
 * it is kept as empty. Throws UnreachableError while the engine does not answer.
 */
export async function keepLog(
  { namespace, name, uid }: Pick<ContainerRecord, "namespace" | "name" | "uid">,
  { containerId, finishedAt }: LogToKeep,
  { store, access, log }: KeepLogContext,
): Promise<void> {
  let text = "";
  try {
    text = await readTail(access, containerId);
  } catch (error) {
    if (error instanceof UnreachableError) throw error;
    log.debug({ namespace, name, reason: messageOf(error) }, "the end of a log could not be read");
  }
  const latest = store.get("ContainerSpec", `${namespace}/${name}`);
  if (latest === undefined || latest.uid !== uid) return;
  // The container may be removed next, and with it the log.
  await store.put({
    ...latest,
    memory: { ...latest.memory, keptLog: { containerId, finishedAt, text } },
  });
}

async function readTail(access: KeepLogContext["access"], id: string): Promise<string> {
  const signal = AbortSignal.timeout(readLimits.milliseconds);
  const options = {
    follow: false,
    tail: keptLogLimits.lines,
    timestamps: false,
    sinceSeconds: null,
    sinceTime: null,
    previous: false,
  };
  return logTail(await endOf(await access.logs(id, options, signal)));
}

/** The last bytes that a stream brings, of so many at most. */
async function endOf(stream: Readable): Promise<Uint8Array> {
  let end = Buffer.alloc(0);
  let read = 0;
  for await (const piece of stream) {
    const bytes = Buffer.from(piece as Uint8Array);
    read += bytes.length;
    end = Buffer.concat([end, bytes]).subarray(-readLimits.bytes / 16);
    if (read >= readLimits.bytes) break;
  }
  return end;
}
