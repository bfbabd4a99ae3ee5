import { open } from "node:fs/promises";
import type { EventObject } from "../../api/event.ts";
import type { Log } from "../../ports/log.ts";
import { errorCode } from "../error-code.ts";
import { AppendFile } from "./append-file.ts";

const blockBytes = 64 * 1024;

export interface EventJournalOptions {
  /** `<log>/events.jsonl`. */
  readonly path: string;
  readonly log: Log;
  /** Events of earlier runs to read at the start. */
  readonly historyLimit?: number;
}

/** Every event as one JSON line, for people, log collectors and the next start. */
export interface EventJournal {
  /** Appends an event as it now is: a folded one stands there several times, and the last line counts. */
  append(event: EventObject): void;
  /** The last events of earlier runs, each once, oldest first. */
  history(): readonly EventObject[];
  close(): void;
}

/** Opens the journal and reads its end; one that cannot be read has no history, and a warning says so. */
export async function eventJournal(options: EventJournalOptions): Promise<EventJournal> {
  const file = new AppendFile(options.path, 0o640, options.log);
  const history = await readHistory(options);
  return {
    append: (event) => file.append(JSON.stringify(event)),
    history: () => history,
    close: () => file.close(),
  };
}

async function readHistory({
  path,
  log,
  historyLimit = 2000,
}: EventJournalOptions): Promise<readonly EventObject[]> {
  const found = new Map<string, EventObject>();
  try {
    for await (const line of linesFromTheEnd(path)) {
      if (found.size >= historyLimit) break;
      const event = eventIn(line);
      if (event === undefined) continue;
      const key = `${event.metadata.namespace}/${event.metadata.name}`;
      if (!found.has(key)) found.set(key, event);
    }
  } catch (error) {
    if (errorCode(error) !== "ENOENT") log.warn({ err: error, path }, `the events in ${path} cannot be read`);
  }
  return [...found.values()].toReversed();
}

function eventIn(line: string): EventObject | undefined {
  if (line === "") return undefined;
  try {
    const value = JSON.parse(line) as Partial<EventObject> | null;
    return value?.kind === "Event" && typeof value.metadata?.name === "string"
      ? (value as EventObject)
      : undefined;
  } catch {
    // A line that was cut by a crash or written by somebody else.
    return undefined;
  }
}

/** The lines of a file, the last one first, read in blocks as they are asked for. */
async function* linesFromTheEnd(path: string): AsyncGenerator<string> {
  const file = await open(path, "r");
  try {
    let position = (await file.stat()).size;
    let rest: Buffer = Buffer.alloc(0);
    while (position > 0) {
      const length = Math.min(blockBytes, position);
      position -= length;
      const block = Buffer.alloc(length);
      await file.read(block, 0, length, position);
      rest = Buffer.concat([block, rest]);
      for (let newline = rest.lastIndexOf(10); newline !== -1; newline = rest.lastIndexOf(10)) {
        yield rest.toString("utf8", newline + 1);
        rest = rest.subarray(0, newline);
      }
    }
    yield rest.toString("utf8");
  } finally {
    await file.close();
  }
}
