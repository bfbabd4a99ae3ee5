import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);

interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** What an editor shows at a place of a text. */
export interface Diagnostic {
  readonly range: { readonly start: { readonly line: number; readonly character: number } };
  readonly message: string;
}

/** The YAML language server as an editor runs it: a process of its own that speaks over its standard input and output. */
export class LanguageServer {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #answers = new Map<number, (message: Message) => void>();
  readonly #diagnostics = new Map<string, readonly Diagnostic[]>();
  #received = Buffer.alloc(0);
  #ids = 0;

  constructor() {
    const main = dirname(require.resolve("yaml-language-server/package.json"));
    this.#child = spawn(process.execPath, [join(main, "bin/yaml-language-server"), "--stdio"]);
    this.#child.stdout.on("data", (chunk: Buffer) => this.#receive(chunk));
  }

  /** Begins as an editor does that knows nothing of ds01: no schema is configured, none is fetched. */
  async start(): Promise<void> {
    await this.#request("initialize", {
      processId: process.pid,
      rootUri: null,
      capabilities: { textDocument: { completion: { completionItem: { snippetSupport: true } } } },
    });
    this.#send({ method: "initialized", params: {} });
    const settings = { yaml: { schemaStore: { enable: false }, validate: true, completion: true } };
    this.#send({ method: "workspace/didChangeConfiguration", params: { settings } });
  }

  open(uri: string, text: string): void {
    const textDocument = { uri, languageId: "yaml", version: 1, text };
    this.#send({ method: "textDocument/didOpen", params: { textDocument } });
  }

  /** What it found wrong in the document; undefined until it has looked. */
  diagnostics(uri: string): readonly Diagnostic[] | undefined {
    return this.#diagnostics.get(uri);
  }

  /** Words that it offers at a place; lines and characters count from 0. */
  async complete(uri: string, line: number, character: number): Promise<readonly string[]> {
    const params = { textDocument: { uri }, position: { line, character } };
    const answer = (await this.#request("textDocument/completion", params)) as {
      readonly items: readonly { readonly label: string }[];
    };
    return answer.items.map(({ label }) => label);
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }

  async #request(method: string, params: unknown): Promise<unknown> {
    this.#ids += 1;
    const id = this.#ids;
    const answer = new Promise<Message>((resolve) => this.#answers.set(id, resolve));
    this.#send({ id, method, params });
    const { result, error } = await answer;
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  #send(message: Message): void {
    const body = JSON.stringify({ jsonrpc: "2.0", ...message });
    this.#child.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    for (;;) {
      const end = this.#received.indexOf("\r\n\r\n");
      if (end < 0) return;
      const [, length = "0"] = /Content-Length: (\d+)/.exec(this.#received.subarray(0, end).toString()) ?? [];
      const next = end + 4 + Number(length);
      if (this.#received.length < next) return;
      this.#take(JSON.parse(this.#received.subarray(end + 4, next).toString()) as Message);
      this.#received = this.#received.subarray(next);
    }
  }

  #take(message: Message): void {
    if (message.method === "textDocument/publishDiagnostics") {
      const { uri, diagnostics } = message.params as { uri: string; diagnostics: readonly Diagnostic[] };
      this.#diagnostics.set(uri, diagnostics);
    } else if (message.method !== undefined && message.id !== undefined) {
      // It asks for settings or to be told of changes; the defaults do.
      this.#send({ id: message.id, result: null });
    } else if (typeof message.id === "number") {
      this.#answers.get(message.id)?.(message);
    }
  }
}
