import { Agent, request } from "node:http";
import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";

/** The least that speaks to the Engine API: node:http with kept connections, the yardstick of every benchmark. */
export class RawDocker {
  readonly #socketPath: string;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** The decoded answer; throws when the status is none of 2xx and 304. */
  async call(method: string, path: string, body?: object): Promise<unknown> {
    const response = await this.open(method, path, body);
    const answer = await text(response);
    const status = response.statusCode ?? 0;
    if (status >= 300 && status !== 304) throw new Error(`${method} ${path}: ${status} ${answer}`);
    return answer.startsWith("{") || answer.startsWith("[") ? JSON.parse(answer) : undefined;
  }

  open(method: string, path: string, body?: object): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const payload = body === undefined ? undefined : JSON.stringify(body);
      const headers =
        payload === undefined
          ? {}
          : { "content-type": "application/json", "content-length": Buffer.byteLength(payload) };
      const sent = request({ socketPath: this.#socketPath, agent: this.#agent, method, path, headers });
      sent.once("response", resolve).once("error", reject).end(payload);
    });
  }

  async create(name: string, body: object): Promise<string> {
    return ((await this.call("POST", `/containers/create?name=${name}`, body)) as { Id: string }).Id;
  }

  async start(id: string): Promise<void> {
    await this.call("POST", `/containers/${id}/start`);
  }

  async kill(id: string): Promise<void> {
    await this.call("POST", `/containers/${id}/kill`);
  }

  /** Removes every container whose name matches, four at a time. */
  async removeAll(pattern: RegExp): Promise<void> {
    const rows = (await this.call("GET", "/containers/json?all=1")) as { Id: string; Names: string[] }[];
    const ids = rows.filter(({ Names: [name = ""] }) => pattern.test(name.slice(1))).map(({ Id }) => Id);
    await pool(ids, 4, async (id) => this.call("DELETE", `/containers/${id}?force=1&v=1`));
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** Works on all items, so many at a time. */
export async function pool<Item>(
  items: readonly Item[],
  concurrency: number,
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const waiting = [...items];
  const worker = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}
