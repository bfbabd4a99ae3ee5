import type { Readable, Writable } from "node:stream";
import { userInfo } from "node:os";
import type { Client } from "../client/client.ts";
import { createClient } from "../client/client.ts";
import { defaultSocketPath } from "./socket-path.ts";
import type { Paint } from "./terminal.ts";
import { painter } from "./terminal.ts";
import { UsageError } from "./usage-error.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Standard streams; a terminal also knows its size. */
export type InputStream = Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };
export type OutputStream = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** What the process gives a verb. */
export interface Streams {
  readonly environment: Environment;
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

/** What a verb works with; the answer goes to `print`, everything else to `tell`. */
export interface Context extends Streams {
  readonly client: Client;
  readonly paint: Paint;
  /** Writes to standard output as it is. */
  print(text: string): void;
  /** Writes lines to standard error. */
  tell(text: string): void;
}

/** Puts together what a verb works with; nothing is connected yet. */
export function createContext(streams: Streams, socket: string | undefined): Context {
  return {
    ...streams,
    client: createClient(socket ?? defaultSocketPath(streams.environment)),
    paint: painter(streams.stdout, streams.environment),
    print: (text) => {
      if (text !== "") streams.stdout.write(text);
    },
    tell: (text) => void streams.stderr.write(`${text}\n`),
  };
}

/** The namespace when none is named: DS01_NAMESPACE, else the calling user, also under sudo. */
export function defaultNamespace(environment: Environment): string {
  const named = environment["DS01_NAMESPACE"];
  if (named !== undefined && named !== "") return named;
  const sudoUser = environment["SUDO_USER"];
  if (process.geteuid?.() === 0 && sudoUser !== undefined && sudoUser !== "") return sudoUser;
  try {
    return userInfo().username;
  } catch (cause) {
    // A uid without a passwd entry, as in some containers.
    const uid = process.geteuid?.() ?? "unknown";
    throw new UsageError(
      `the calling user (uid ${uid}) has no name (${String(cause)})`,
      "Say which namespace: -n NAMESPACE, or set DS01_NAMESPACE.",
    );
  }
}
