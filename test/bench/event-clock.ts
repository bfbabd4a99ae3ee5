import type { IncomingMessage } from "node:http";
import { RawDocker } from "./raw-docker.ts";

interface Expected {
  readonly pattern: RegExp;
  readonly action: string;
  left: number;
  readonly resolve: (at: number) => void;
}

/** When what happened, for both sides alike: the arrival of the engine's events on one connection. */
export class EventClock {
  readonly #docker: RawDocker;
  readonly #expected = new Set<Expected>();
  #stream: IncomingMessage | undefined;

  constructor(socketPath: string) {
    this.#docker = new RawDocker(socketPath);
  }

  async open(): Promise<void> {
    const filters = encodeURIComponent(JSON.stringify({ type: ["container"] }));
    const stream = await this.#docker.open("GET", `/events?filters=${filters}`);
    this.#stream = stream;
    let rest = "";
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      const at = performance.now();
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line !== "") this.#take(JSON.parse(line) as EventJson, at);
    });
    stream.on("error", () => undefined);
  }

  /** Resolves with the time (performance.now) of the last of `count` such events; ask before you cause them. */
  after(action: string, pattern: RegExp, count = 1, timeoutMs = 120_000): Promise<number> {
    return new Promise((resolve, reject) => {
      const expected: Expected = {
        pattern,
        action,
        left: count,
        resolve: (at) => {
          clearTimeout(timer);
          this.#expected.delete(expected);
          resolve(at);
        },
      };
      const timer = setTimeout(() => {
        this.#expected.delete(expected);
        reject(
          new Error(`${expected.left} events "${action}" of ${pattern} did not come within ${timeoutMs} ms`),
        );
      }, timeoutMs);
      this.#expected.add(expected);
    });
  }

  close(): void {
    this.#stream?.destroy();
    this.#docker.close();
  }

  #take(event: EventJson, at: number): void {
    const name = event.Actor?.Attributes?.["name"] ?? "";
    for (const expected of this.#expected) {
      if (event.Action !== expected.action || !expected.pattern.test(name)) continue;
      expected.left -= 1;
      if (expected.left === 0) expected.resolve(at);
    }
  }
}

interface EventJson {
  readonly Action?: string;
  readonly Actor?: { readonly Attributes?: Readonly<Record<string, string>> };
}
