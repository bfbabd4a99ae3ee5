import { request } from "node:http";
import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { hostFacts } from "../../src/server/host-facts.ts";
import { waitFor } from "../bed/wait-for.ts";
import type { ApiBed } from "../support/api-bed.ts";

/** What is sent. */
export interface Sent {
  /** What this is about, in words. */
  readonly title: string;
  readonly as?: string;
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text, or bytes that are written down in base64. */
  readonly body?: string | Buffer;
}

/** A request whose answer does not end: what happens after so many lines, until it is cut off. */
export interface Watched extends Sent {
  readonly steps: readonly WatchStep[];
}

export interface WatchStep {
  /** How many lines must have come before. */
  readonly after: number;
  /** Absent: nothing more is waited for. */
  readonly happens?: (bed: ApiBed) => void | Promise<void>;
}

/** Headers of an answer that clients go by. */
const toldHeaders = ["content-type", "warning", "retry-after", "www-authenticate"];

/** Writes down what goes over the wire, as text that people can read and compare. */
export class Recorder {
  readonly #bed: ApiBed;
  readonly #parts: string[] = [];

  constructor(bed: ApiBed) {
    this.#bed = bed;
  }

  /** All that was sent and answered, in order. */
  text(): string {
    return this.#parts.join("\n");
  }

  /** Sends requests one after the other, each when the last one is answered. */
  async send(...requests: readonly Sent[]): Promise<void> {
    for (const sent of requests) {
      const answer = await opened(this.#start(sent));
      let body = "";
      for await (const chunk of answer.setEncoding("utf8")) body += String(chunk);
      this.#write(sent, answer, [body]);
    }
  }

  /** Follows a watch until its steps are done. */
  async watch(watched: Watched): Promise<void> {
    const sent = this.#start(watched);
    const answer = await opened(sent);
    let body = "";
    let ended = false;
    answer.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    answer.once("end", () => (ended = true)).on("error", () => undefined);
    const lines = (): string[] => body.split("\n").filter((line) => line !== "");
    for (const { after, happens } of watched.steps) {
      await waitFor(`${after} lines of "${watched.title}"`, () => lines().length >= after);
      await happens?.(this.#bed);
    }
    await waitFor(
      "the end, or nothing more to come",
      () => ended || watched.steps.at(-1)?.happens === undefined,
    );
    sent.destroy();
    this.#write(watched, answer, lines());
  }

  #start({ as, method, path, headers, body }: Sent): ClientRequest {
    this.#bed.actAs(as ?? "root");
    const options: RequestOptions = {
      socketPath: this.#bed.socketPath,
      method: method ?? "GET",
      path,
      headers: { accept: "application/json", ...headers },
      agent: false,
    };
    return request(options).end(body);
  }

  #write(sent: Sent, answer: IncomingMessage, bodies: readonly string[]): void {
    const { title, as, method, path, headers, body } = sent;
    const sentLines = [
      `${method ?? "GET"} ${path}`,
      ...Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}`),
      ...(body === undefined ? [] : ["", ...written(body).split("\n")]),
    ];
    const told = toldHeaders.flatMap((name) => {
      const value = answer.headers[name];
      return value === undefined ? [] : [`${name}: ${String(value)}`];
    });
    this.#parts.push(
      [
        `### ${title}${as === undefined ? "" : ` (as ${as})`}`,
        ...sentLines.map((line) => `> ${line}`.trimEnd()),
        ...[`${answer.statusCode}`, ...told].map((line) => `< ${line}`),
        ...bodies.map((text) => steady(shown(text))).filter((text) => text !== ""),
        "",
      ].join("\n"),
    );
  }
}

async function opened(sent: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.once("response", resolve).once("error", reject);
  });
}

function written(body: string | Buffer): string {
  return typeof body === "string" ? body.trimEnd() : `base64: ${body.toString("base64")}`;
}

/** JSON is spread out, so that a change shows where it is. */
function shown(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch (error) {
    if (error instanceof SyntaxError) return text.trimEnd();
    throw error;
  }
}

/** What differs from machine to machine, and the hash of a document that has a check of its own. */
function steady(text: string): string {
  const { name, cpus, memoryBytes } = hostFacts();
  return text
    .replaceAll(`"${name}"`, '"HOST"')
    .replaceAll(`"node-${name}"`, '"node-HOST"')
    .replaceAll(`"${Math.floor(memoryBytes / 1024)}Ki"`, '"MEMORY"')
    .replaceAll(`"cpu": "${cpus}"`, '"cpu": "CPUS"')
    .replaceAll(/"(linux\/)?(?:amd64|arm64)"/g, '"$1ARCH"')
    .replaceAll(/hash=[0-9a-f]+/g, "hash=HASH");
}
