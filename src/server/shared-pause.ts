import type { WebSocket } from "ws";

/** Pauses a WebSocket for as long as anybody to whom its messages go cannot take more. */
export class SharedPause {
  readonly #webSocket: WebSocket;
  readonly #holders = new Set<object>();

  constructor(webSocket: WebSocket) {
    this.#webSocket = webSocket;
  }

  /** What has been read already, at most a message and one read of the socket, still comes. */
  hold(holder: object): void {
    this.#holders.add(holder);
    this.#webSocket.pause();
  }

  /** Without effect for who does not hold; reading goes on after the last one. */
  release(holder: object): void {
    if (this.#holders.delete(holder) && this.#holders.size === 0) this.#webSocket.resume();
  }
}
