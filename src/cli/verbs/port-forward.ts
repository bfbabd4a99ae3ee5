import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { pipeline } from "node:stream/promises";
import type { ObjectTarget } from "../../client/client.ts";
import { Ds01Error, messageOf } from "../../util/errors.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { namespaceOf, namespaceOption } from "../selection.ts";
import { kindOf, parseContainer } from "../target.ts";
import { oneLine } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 port-forward` */
export const portForward = defineCommand({
  usage: ["NAME [LOCAL:]REMOTE..."],
  description: [
    "Makes ports of a container reachable here, at 127.0.0.1, until Ctrl-C. Nothing needs to be published. `:REMOTE` takes any free port here. A program in the container must listen at 0.0.0.0, not at its own 127.0.0.1.",
  ],
  options: { namespace: namespaceOption },
  examples: [
    ["ds01 port-forward notebook 8888", "http://127.0.0.1:8888 is the notebook"],
    ["ds01 port-forward train 16006:6006", "another port here"],
  ],
  async run({ options, positionals }, context) {
    const [word, ...words] = positionals;
    if (word === undefined || words.length === 0) {
      throw new UsageError("say which container and port: ds01 port-forward NAME [LOCAL:]REMOTE");
    }
    const ports = words.map(parsePorts);
    const target = parseContainer(word, () => namespaceOf(options.namespace, context));
    // What is not there, or of somebody else, is told before anybody connects.
    await context.client.get(kindOf("ContainerSpec"), target);
    await Promise.all(ports.map((pair) => forward(pair, target, context)));
    return new Promise<number>(() => undefined);
  },
});

interface PortPair {
  /** 0: any. */
  readonly local: number;
  readonly remote: number;
}

function parsePorts(word: string): PortPair {
  const [, local, remote = ""] = /^(?:(\d*):)?(\d+)$/.exec(word) ?? [];
  const pair = { local: Number(local ?? remote), remote: Number(remote) };
  if (remote !== "" && pair.local <= 65_535 && pair.remote >= 1 && pair.remote <= 65_535) return pair;
  throw new UsageError(`"${word}" is no port; write REMOTE or LOCAL:REMOTE, such as 8888 or 18888:8888`);
}

async function forward({ local, remote }: PortPair, target: ObjectTarget, context: Context): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    carry(socket, remote, target, context).catch((error: unknown) => {
      socket.destroy();
      context.tell(oneLine(messageOf(error)));
    });
  });
  const port = await listen(server, local);
  context.print(`Forwarding from 127.0.0.1:${port} -> ${remote}\n`);
}

async function carry(
  socket: Socket,
  remote: number,
  target: ObjectTarget,
  { client }: Context,
): Promise<void> {
  // Who goes away ends the pipelines, which is all that there is to do about it.
  socket.on("error", () => socket.destroy());
  const stream = await client.dial(target, remote);
  const ways = [pipeline(socket, stream), pipeline(stream, socket)];
  for (const [index, { status }] of (await Promise.allSettled(ways)).entries()) {
    if (status === "rejected" && index === 1 && stream.errored instanceof Ds01Error) throw stream.errored;
  }
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("listening", resolve);
    server.once("error", (cause) => {
      reject(
        new Ds01Error({
          reason: "PortTaken",
          message: `127.0.0.1:${port} cannot be listened at: ${messageOf(cause)}`,
          remedy: "Name another one: LOCAL:REMOTE.",
          cause,
        }),
      );
    });
    server.listen(port, "127.0.0.1");
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : port;
}
