import type { Duplex, Readable } from "node:stream";
import type Docker from "dockerode";
import { withDeadline } from "./deadline.ts";
import { engineError } from "./errors.ts";

/** One call of the Engine API. */
export interface EngineRequest {
  /** The call in words, for messages: `start train._.alice`. */
  readonly what: string;
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly body?: object;
  /** A tar archive as the body instead. */
  readonly archive?: Buffer | Readable;
  readonly headers?: Readonly<Record<string, string>>;
  /** Answers that mean success although they are no 2xx. */
  readonly accept?: readonly number[];
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** The Engine API with deadlines and typed errors, over dockerode's connection. */
export interface EngineClient {
  /** The decoded answer; undefined where the engine sends none. */
  request(request: EngineRequest): Promise<unknown>;
  /** The answer's body as it comes; the deadline ends with its beginning, the signal destroys it later too. */
  open(request: EngineRequest): Promise<Readable>;
  /** A call that turns the connection into a raw stream both ways. */
  hijack(request: EngineRequest): Promise<Duplex>;
}

type AnswerKind = "json" | "stream" | "connection";

/** docker-modem's own call, which dockerode's types leave out. */
interface Modem {
  dial(options: object, callback: (error: Error | null, answer: unknown) => void): void;
}

const success = [200, 201, 202, 204];

/**
 * Uses dial and not dockerode's methods: those repeat a body with all its environment in the address, gather
 * whole logs in memory, and lose the status of an answer.
 */
export function engineClient(docker: Docker): EngineClient {
  const modem: Modem = docker.modem;

  async function send(request: EngineRequest, kind: AnswerKind): Promise<unknown> {
    const { what, method, path, query, body, archive, headers, accept = [], signal } = request;
    try {
      return await withDeadline({ what, deadlineMs: request.deadlineMs, signal }, (abortSignal) => {
        const options = {
          method,
          path: query === undefined ? path : `${path}?`,
          options: { _query: query ?? {}, _body: body ?? {} },
          ...(headers === undefined ? {} : { headers: { ...headers } }),
          ...(archive === undefined ? {} : { file: archive }),
          isStream: kind !== "json",
          ...(kind === "connection" ? { hijack: true, openStdin: true } : {}),
          // Without a body nothing would be sent before the first input.
          ...(kind === "connection" && body === undefined ? { file: Buffer.alloc(0) } : {}),
          abortSignal,
          statusCodes: Object.fromEntries([...success, ...accept].map((status) => [status, true])),
        };
        return new Promise((resolve, reject) => {
          modem.dial(options, (error, answer) => {
            if (error === null) resolve(answer);
            else reject(error);
          });
        });
      });
    } catch (error) {
      throw engineError(error, what);
    }
  }

  return {
    request: (request) => send(request, "json"),
    open: async (request) => {
      const stream = (await send(request, "stream")) as Readable;
      const { signal } = request;
      const destroy = (): void => {
        stream.destroy();
      };
      // It may be aborted between the answer and now.
      if (signal?.aborted === true) destroy();
      signal?.addEventListener("abort", destroy, { once: true });
      stream.once("close", () => signal?.removeEventListener("abort", destroy));
      return stream;
    },
    hijack: async (request) => (await send(request, "connection")) as Duplex,
  };
}
