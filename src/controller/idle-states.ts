import { z } from "zod";
import type { IdleState } from "../core/idle/idle-state.ts";
import type { Log } from "../ports/log.ts";
import type { StateDocument } from "../ports/state-document.ts";
import { readDocument } from "./read-document.ts";

const counter = z.number().nullable().optional();
const Activity = z.enum(["busy", "quiet", "unknown"]);

const State = z.object({
  run: z.object({ containerId: z.string(), startedAt: z.number().nullable(), generation: z.number() }),
  reading: z.object({
    uptimeMs: z.number(),
    gpus: z.array(z.object({ percent: z.number().nullable(), processes: z.number().nullable() })),
    cpuMs: z.number().nullable(),
    networkBytes: counter,
    ioBytes: counter,
    terminalStamp: counter,
    keptAlive: z.string().optional(),
  }),
  firstUptimeMs: z.number(),
  activity: Activity,
  signals: z.array(
    z.object({
      name: z.enum(["GPU", "CPU", "network", "I/O", "terminal", "keep-alive"]),
      activity: Activity,
      text: z.string(),
    }),
  ),
  idleMs: z.number().min(0),
  unbrokenMs: z.number().min(0),
  samples: z.number().int().min(0),
  idleSince: z.number().nullable(),
});

const Document = z.object({ version: z.literal(1), states: z.record(z.string(), State) });

/** What an earlier controller has seen, by uid; nothing where that cannot be read: every time of idleness starts over. */
export function readIdleStates(document: StateDocument, log: Log): Map<string, IdleState> {
  const message = "what was seen of idle containers cannot be read: it starts over";
  const tell = (): void => log.warn({ reason: "IdlenessUnreadable" }, message);
  const states = readDocument(document, Document, tell)?.states ?? {};
  return new Map(Object.entries(states) as [string, IdleState][]);
}
