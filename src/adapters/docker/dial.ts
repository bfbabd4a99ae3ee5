import { connect } from "node:net";
import type { Socket } from "node:net";
import { ConflictError, UnreachableError } from "../../util/errors.ts";
import { addressOf } from "./container-address.ts";
import type { NetworkJson } from "./container-address.ts";
import type { EngineClient } from "./engine-client.ts";

const deadlineMs = 15_000;
const connectMs = 10_000;

/** Connects with a port of a container, from the machine of the controller, which must be that of the engine. */
export async function dialContainer(client: EngineClient, idOrName: string, port: number): Promise<Socket> {
  const what = `reach port ${port} of ${idOrName}`;
  const path = `/containers/${encodeURIComponent(idOrName)}/json`;
  const json = (await client.request({ what, method: "GET", path, deadlineMs })) as NetworkJson;
  const host = addressOf(json);
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    socket.setNoDelay(true);
    socket.setTimeout(connectMs, () =>
      socket.destroy(Object.assign(new Error("no answer"), { code: "ETIMEDOUT" })),
    );
    socket.once("connect", () => {
      socket.setTimeout(0);
      socket.removeAllListeners("error");
      // Whoever reads it finds out.
      socket.on("error", () => socket.destroy());
      resolve(socket);
    });
    socket.once("error", (cause: Error & { readonly code?: string }) =>
      reject(refusal(cause, { host, port })),
    );
  });
}

function refusal(
  cause: Error & { readonly code?: string },
  { host, port }: { readonly host: string; readonly port: number },
): Error {
  if (cause.code === "ECONNREFUSED") {
    const message = `nothing listens at port ${port} of the container's address ${host}`;
    // What listens at 127.0.0.1 inside is reached only from inside.
    const remedy = host.startsWith("127.")
      ? undefined
      : "A program inside must listen at 0.0.0.0, not at 127.0.0.1.";
    return new ConflictError({
      reason: "PortRefused",
      message,
      cause,
      ...(remedy === undefined ? {} : { remedy }),
    });
  }
  return new UnreachableError({
    reason: "PortUnreachable",
    message: `port ${port} of the container's address ${host} does not answer (${cause.code ?? cause.message})`,
    remedy: "The controller must run on the machine of the engine, and the network must let it through.",
    cause,
  });
}
