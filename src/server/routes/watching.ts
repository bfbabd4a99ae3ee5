import type { ApiObject } from "../../api/meta.ts";
import { statusFailure } from "../../api/status-error.ts";
import type { Caller } from "../access.ts";
import { endWhenLost } from "../end-with-access.ts";
import type { ObjectChange } from "../object-cache.ts";
import { flag, wholeNumber } from "../exchange.ts";
import type { RequestContext } from "../exchange.ts";
import type { Shape } from "../event-shape.ts";
import { StatusError } from "../failure.ts";
import { keepFresh } from "../keep-fresh.ts";
import { bookmarkObject, objectText } from "../represent.ts";
import type { View } from "../represent.ts";
import { checkWatchVersion } from "../resource-version-match.ts";
import type { ResourceType } from "../resource-type.ts";
import type { Selector } from "../selector.ts";
import type { ServedResource } from "../served-resource.ts";
import type { Services } from "../services.ts";
import { seenBy, viewpointOf } from "../visibility.ts";
import type { WatchSink } from "../watch-sink.ts";

/** One watch: what it follows, for whom and in which form. */
export interface WatchRequest {
  readonly resource: ServedResource<ResourceType>;
  readonly exchange: RequestContext;
  readonly view: View;
  readonly select: Selector;
  readonly shape: Shape;
}

/**
 * Streams changes as JSON until the client goes, `timeoutSeconds` pass, its token ends, it may no longer see what it
 * saw when it began, or its place in the history is lost.
 * The watch holds only a resourceVersion: while the client does not read, nothing is buffered for it.
 */
export async function sendWatch(
  services: Services,
  watch: WatchRequest,
  open: (serve: (sink: WatchSink) => Promise<void>) => Promise<void>,
): Promise<void> {
  const { query } = watch.exchange;
  // Whatever is wrong with the request is told before the stream begins.
  const start = startOf(watch.resource, query);
  const timeoutSeconds = wholeNumber(query, "timeoutSeconds");
  await open((sink) => serveWatch(services, { ...watch, start, timeoutSeconds, sink }));
}

interface OpenWatch extends WatchRequest {
  readonly start: WatchStart;
  readonly timeoutSeconds: number | null;
  readonly sink: WatchSink;
}

async function serveWatch(services: Services, watch: OpenWatch): Promise<void> {
  const { exchange, resource, start, timeoutSeconds, sink } = watch;
  const stream = new WatchStream(services, watch);
  const endLooks = keepFresh(services, resource);
  const { caller } = exchange;
  const { expiresAt = Infinity } = caller;
  // Whoever has got rights goes on with fewer until the next watch; who has lost some must not.
  const isKept = (now: Caller): boolean => now.admin || viewpointOf(now) === viewpointOf(caller);
  const about = { kind: resource.type.kind, namespace: exchange.parameters["namespace"] };
  const stopLooking = endWhenLost(services, { caller, isKept, what: "watch", about }, () => stream.end());
  const wantedEnd = timeoutSeconds ? services.clock.now() + timeoutSeconds * 1000 : Infinity;
  // Whoever may still watch comes back with a new token, from where this watch ended.
  const endAt = Math.min(wantedEnd, expiresAt);
  const cancelTimeout = endAt === Infinity ? undefined : services.clock.callAt(endAt, () => stream.end());
  try {
    const position = start.replay ?? (await stream.sendExisting(start.markEnd));
    await stream.follow(position);
  } finally {
    cancelTimeout?.();
    stopLooking();
    endLooks();
    stream.end();
  }
  sink.end();
}

interface WatchStart {
  /** Undefined: with everything that is there. */
  readonly replay: number | undefined;
  readonly markEnd: boolean;
}

/** Where a watch starts: after a version, or with everything that is there. */
function startOf(resource: ServedResource<ResourceType>, query: URLSearchParams): WatchStart {
  checkWatchVersion(query);
  const initial = query.has("sendInitialEvents") ? flag(query, "sendInitialEvents") : undefined;
  const text = query.get("resourceVersion") ?? "";
  if (!/^\d{0,15}$/.test(text)) {
    throw new StatusError("BadRequest", `resourceVersion: wanted a number, found "${text}"`);
  }
  if (initial === true) return { replay: undefined, markEnd: flag(query, "allowWatchBookmarks") };
  if (initial === false && text === "") return { replay: resource.cache.version(), markEnd: false };
  if (text === "" || text === "0") return { replay: undefined, markEnd: false };
  return { replay: Number(text), markEnd: false };
}

class WatchStream {
  readonly #services: Services;
  readonly #watch: OpenWatch;
  #ended = false;
  #columnsSent = false;
  #wake: () => void = () => undefined;

  constructor(services: Services, watch: OpenWatch) {
    this.#services = services;
    this.#watch = watch;
    watch.sink.onceClosed(() => this.end());
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Sends ADDED for everything selected and returns the version this was taken at. */
  async sendExisting(markEnd: boolean): Promise<number> {
    const { cache } = this.#watch.resource;
    const version = cache.version();
    for (const object of cache.list()) {
      if (this.#ended) break;
      const seen = this.#shown(object);
      if (seen !== undefined) await this.#sendSeen("ADDED", seen);
    }
    if (markEnd) await this.#sendBookmark(version, { "k8s.io/initial-events-end": "true" });
    return version;
  }

  /** Sends what came after `position`, and then what comes. */
  async follow(position: number): Promise<void> {
    const { cache } = this.#watch.resource;
    const { clock, bookmarkIntervalMs } = this.#services;
    const bookmarks = flag(this.#watch.exchange.query, "allowWatchBookmarks");
    let at = position;
    let bookmarkAt = clock.now() + bookmarkIntervalMs;
    while (!this.#ended) {
      const change = cache.next(at);
      if (change === "expired") {
        const message = `too old resource version: ${at} (${cache.oldest()})`;
        await this.#sendLine({ type: "ERROR", object: statusFailure("Expired", message) });
        return;
      }
      if (change !== undefined) {
        await this.#sendChange(change);
        at = change.resourceVersion;
        continue;
      }
      if (bookmarks && clock.now() >= bookmarkAt) {
        at = cache.version();
        await this.#sendBookmark(at, {});
        bookmarkAt = clock.now() + bookmarkIntervalMs;
        continue;
      }
      await this.#waitForChange(bookmarks ? bookmarkAt : undefined);
    }
  }

  async #waitForChange(until: number | undefined): Promise<void> {
    await new Promise<void>((resolve) => {
      const { cache } = this.#watch.resource;
      const stopListening = cache.onChange(() => this.#wake());
      const cancelTimer =
        until === undefined ? undefined : this.#services.clock.callAt(until, () => this.#wake());
      this.#wake = () => {
        stopListening();
        cancelTimer?.();
        this.#wake = () => undefined;
        resolve();
      };
      if (this.#ended) this.#wake();
    });
  }

  /** An object that enters what the caller has selected and may see is ADDED to this watch, one that leaves it DELETED. */
  async #sendChange({ type, object, previous }: ObjectChange): Promise<void> {
    const before = previous === undefined ? undefined : this.#shown(previous);
    const now = type === "DELETED" ? undefined : this.#shown(object);
    if (now !== undefined) await this.#sendSeen(before === undefined ? "ADDED" : "MODIFIED", now);
    else if (before !== undefined) {
      // What has become of it may be none of the caller's business: then it goes as it was seen last.
      const { resourceVersion } = object.metadata;
      const last = { ...before, metadata: { ...before.metadata, resourceVersion } };
      const { shape, exchange } = this.#watch;
      await this.#sendSeen("DELETED", seenBy(exchange.caller, shape(object)) ?? last);
    }
  }

  /** The object as the caller sees it, where it is selected. */
  #shown(object: ApiObject): ApiObject | undefined {
    const { select, shape, exchange } = this.#watch;
    return select(object) ? seenBy(exchange.caller, shape(object)) : undefined;
  }

  async #sendSeen(type: "ADDED" | "MODIFIED" | "DELETED", seen: ApiObject): Promise<void> {
    await this.#sendText(`{"type":"${type}","object":${this.#represent(seen)}}`);
  }

  async #sendBookmark(version: number, annotations: Readonly<Record<string, string>>): Promise<void> {
    const object = bookmarkObject(this.#watch.view, { version, annotations }, !this.#columnsSent);
    this.#columnsSent = true;
    await this.#sendLine({ type: "BOOKMARK", object });
  }

  #represent(object: ApiObject): string {
    const view = { ...this.#watch.view, now: this.#services.clock.now() };
    const shown = objectText(view, object, !this.#columnsSent);
    this.#columnsSent = true;
    return shown;
  }

  async #sendLine(line: object): Promise<void> {
    await this.#sendText(JSON.stringify(line));
  }

  async #sendText(line: string): Promise<void> {
    const { sink } = this.#watch;
    if (this.#ended || sink.write(line)) return;
    await new Promise<void>((resolve) => {
      const resume = (): void => {
        leave();
        this.#wake = () => undefined;
        resolve();
      };
      const leave = sink.onceRoom(resume);
      this.#wake = resume;
      if (this.#ended) resume();
    });
  }
}
