import { chmod, lstat, unlink } from "node:fs/promises";
import { connect } from "node:net";
import type { Server } from "node:net";
import { ConflictError, StalledError } from "../util/errors.ts";

/** Listens at a unix socket that everybody may open; a socket that nobody answers at is replaced, anything else is not. */
export async function listenAtSocket(server: Server, socketPath: string): Promise<void> {
  await removeStaleSocket(socketPath);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ path: socketPath, backlog: 511 }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  // Who may do what is decided from the peer's uid, not from the mode of the file.
  await chmod(socketPath, 0o666);
}

async function removeStaleSocket(socketPath: string): Promise<void> {
  const found = await lstat(socketPath).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new StalledError({
      reason: "SocketPathTaken",
      message: `${socketPath} is not a socket.`,
      remedy: "Move it away, or choose another --run-dir.",
    });
  }
  if (await answers(socketPath)) {
    throw new ConflictError({
      reason: "SocketInUse",
      message: `another process answers at ${socketPath}.`,
      remedy: "Stop the other controller, or choose another --run-dir.",
    });
  }
  await unlink(socketPath);
}

async function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = connect(socketPath);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED" || error.code === "ENOENT") resolve(false);
      else reject(error);
    });
  });
}
