import type { ServerResponse } from "node:http";
import type { WebSocket } from "ws";

/** Where the events of a watch go, one text each. */
export interface WatchSink {
  /** False: there is no room for another one until `onceRoom`. */
  write(text: string): boolean;
  /** Calls back once there is room again, or once the client has gone; returns how to leave it. */
  onceRoom(listener: () => void): () => void;
  onceClosed(listener: () => void): void;
  end(): void;
}

/** Events as lines of one answer. */
export function responseSink(response: ServerResponse): WatchSink {
  return {
    write: (text) => response.write(`${text}\n`),
    onceRoom: (listener) => {
      response.once("drain", listener);
      return () => response.off("drain", listener);
    },
    onceClosed: (listener) => void response.once("close", listener),
    end: () => response.end(),
  };
}

/** What may lie before a client that does not read. */
const unreadBytes = 64 * 1024;

/** Events as messages of a WebSocket; what the client says is not listened to. */
export function webSocketSink(webSocket: WebSocket): WatchSink {
  const waiting = new Set<() => void>();
  const look = (): void => {
    if (webSocket.bufferedAmount >= unreadBytes && webSocket.readyState === webSocket.OPEN) return;
    for (const listener of waiting) listener();
    waiting.clear();
  };
  // Nothing a client does wrong is of interest: its connection is closed after it.
  webSocket.on("error", () => undefined).once("close", look);
  return {
    write: (text) => {
      webSocket.send(text, look);
      return webSocket.bufferedAmount < unreadBytes;
    },
    onceRoom: (listener) => {
      waiting.add(listener);
      return () => waiting.delete(listener);
    },
    onceClosed: (listener) => void webSocket.once("close", listener),
    end: () => webSocket.close(1000),
  };
}
