import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type { RuntimeHint } from "../../ports/container-runtime.ts";
import type { Log } from "../../ports/log.ts";
import { faultDelayMs } from "../../util/backoff.ts";
import { isAbort, messageOf } from "../../util/errors.ts";
import type { EngineClient } from "./engine-client.ts";
import { jsonLines } from "./json-lines.ts";

/** What watching needs: how often to make sure that a silent engine lives, and when it counts as dead. */
export interface WatchSettings {
  readonly client: EngineClient;
  readonly log: Log;
  readonly pingIntervalMs: number;
  readonly pingDeadlineMs: number;
  /** Called before each `connected`: another engine may answer at the socket now. */
  readonly connected: () => void;
}

const reconnectMs = { base: 200, maximum: 5_000 } as const;

// Health checks run an exec every few seconds in every container: those events say nothing.
const containerActions = [
  "create",
  "start",
  "die",
  "oom",
  "stop",
  "pause",
  "unpause",
  "destroy",
  "rename",
  "update",
];
const imageActions = ["pull", "load", "import", "tag", "untag", "delete"];
const filters = JSON.stringify({
  type: ["container", "image"],
  event: [...containerActions, "health_status", ...imageActions],
});

/** Docker's attributes of an event that are not labels of the container. */
const ownAttributes = new Set(["image", "name", "exitCode", "signal", "execDuration", "oldName"]);

/** The engine's events as hints, for ever: reconnects by itself, notices an engine that hangs. */
export async function* watchEngine(
  settings: WatchSettings,
  signal: AbortSignal,
): AsyncGenerator<RuntimeHint, void, void> {
  const { log } = settings;
  let told = "";
  let failures = 0;
  while (!signal.aborted) {
    let cause: unknown = new Error("the engine ended the stream");
    try {
      const stream = await openEvents(settings, signal);
      told = "connected";
      failures = 0;
      settings.connected();
      log.info({}, "connected to the events of the engine");
      yield connectionHint("connected");
      yield* hintsOf(stream, settings, signal);
    } catch (error) {
      cause = error;
    }
    if (signal.aborted) return;
    if (told !== "disconnected") {
      told = "disconnected";
      log.warn({ error: messageOf(cause) }, "lost the events of the engine");
      yield connectionHint("disconnected");
    }
    failures += 1;
    await pause(faultDelayMs(failures, reconnectMs.base, reconnectMs.maximum), signal);
  }
}

function openEvents(settings: WatchSettings, signal: AbortSignal): Promise<Readable> {
  // The engine answers a moment before it subscribes; from its ring come the events of that moment.
  const since = (Date.now() / 1000).toFixed(3);
  return settings.client.open({
    what: "watch the engine",
    method: "GET",
    path: "/events",
    query: { filters, since },
    deadlineMs: settings.pingDeadlineMs,
    signal,
  });
}

async function* hintsOf(
  stream: Readable,
  settings: WatchSettings,
  signal: AbortSignal,
): AsyncGenerator<RuntimeHint, void, void> {
  const ended = new AbortController();
  const watchdog = destroyWhenSilent(stream, settings, AbortSignal.any([signal, ended.signal]));
  try {
    for await (const event of jsonLines(stream)) {
      const hint = hintOf(event);
      if (hint !== undefined) yield hint;
    }
  } finally {
    ended.abort();
    stream.destroy();
    await watchdog;
  }
}

/** A stopped or hung engine keeps its connections open and says nothing: only a ping tells. */
async function destroyWhenSilent(
  stream: Readable,
  settings: WatchSettings,
  signal: AbortSignal,
): Promise<void> {
  const { client, pingDeadlineMs: deadlineMs } = settings;
  try {
    for (;;) {
      await delay(settings.pingIntervalMs, undefined, { signal });
      await client.request({ what: "ping the engine", method: "GET", path: "/_ping", deadlineMs, signal });
    }
  } catch (error) {
    if (signal.aborted) return;
    stream.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

function hintOf(event: unknown): RuntimeHint | undefined {
  const { Type: type, Action: action, Actor: actor } = event as EventJson;
  if (action === undefined || (type !== "container" && type !== "image")) return undefined;
  const attributes = actor?.Attributes ?? {};
  const id = (type === "image" ? attributes["name"] : undefined) ?? actor?.ID ?? "";
  const labels = Object.fromEntries(Object.entries(attributes).filter(([name]) => !ownAttributes.has(name)));
  return { type, id, action, labels };
}

interface EventJson {
  readonly Type?: string;
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string; readonly Attributes?: Readonly<Record<string, string>> };
}

function connectionHint(type: "connected" | "disconnected"): RuntimeHint {
  return { type, id: "", action: "", labels: {} };
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, { signal });
  } catch (error) {
    if (!isAbort(error)) throw error;
  }
}
