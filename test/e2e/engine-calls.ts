import { waitFor } from "../bed/wait-for.ts";
import type { Host } from "./host.ts";

interface EngineEvent {
  readonly id: string;
  readonly Actor: { readonly Attributes: Readonly<Record<string, string>> };
}

/** The calls about containers that changed something in a host's engine, as its proxy saw them, by object. */
export class EngineCalls {
  readonly #host: Host;
  readonly #sinceSeconds = Math.floor(Date.now() / 1000);

  constructor(host: Host) {
    this.#host = host;
  }

  /** `alice/train stop` -> how often. */
  async perObject(): Promise<ReadonlyMap<string, number>> {
    const owners = await this.#owners();
    const counts = new Map<string, number>();
    for (const { mutating, method, path, query } of this.#host.proxy.requests) {
      if (!mutating || path.startsWith("/images/")) continue;
      const [, , target = "", action] = path.split("/");
      const isCreate = path === "/containers/create";
      const name = isCreate ? (new URLSearchParams(query).get("name") ?? "") : decodeURIComponent(target);
      const call = isCreate ? "create" : method === "DELETE" ? "remove" : action;
      const word = `${owners.get(name) ?? name} ${call}`;
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    return counts;
  }

  /** Waits until the object was met by so many of these calls. */
  async until(key: string, call: string, times: number): Promise<void> {
    await waitFor(
      `${times} calls of ${call} for ${key}`,
      async () => ((await this.perObject()).get(`${key} ${call}`) ?? 0) >= times,
    );
  }

  /** Whose a container is, by its id and its name, also when it is gone: the engine's events tell. */
  async #owners(): Promise<ReadonlyMap<string, string>> {
    const stream = await this.#host.engine.docker.getEvents({
      since: this.#sinceSeconds,
      until: Math.ceil(Date.now() / 1000),
      filters: { type: ["container"], event: ["create"] },
    });
    let text = "";
    for await (const chunk of stream) text += String(chunk);
    const lines = text.split("\n").filter((line) => line !== "");
    const events = lines.map((line) => JSON.parse(line) as EngineEvent);
    return new Map(
      events.flatMap(({ id, Actor: { Attributes } }): [string, string][] => {
        const owner = `${Attributes["ds01.user"]}/${Attributes["ds01.name"]}`;
        return [
          [id, owner],
          [Attributes["name"] ?? id, owner],
        ];
      }),
    );
  }
}
