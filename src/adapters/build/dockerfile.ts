import { createHash } from "node:crypto";
import { posix } from "node:path";
import type { ReadDockerfile } from "../../ports/build-contexts.ts";
import { StalledError } from "../../util/errors.ts";
import { formatBytes } from "../../util/quantity.ts";
import type { ContextEntry } from "./context-walk.ts";

const maximumBytes = 256 * 1024;

/** The Dockerfile among the files of a context. StalledError DockerfileMissing where it is none of them, or a link. */
export async function readDockerfile(
  dockerfile: string,
  entries: AsyncIterable<ContextEntry>,
  signal?: AbortSignal,
): Promise<ReadDockerfile> {
  for await (const { path, stats, file } of entries) {
    signal?.throwIfAborted();
    try {
      if (path !== posix.normalize(dockerfile)) continue;
      if (file === null) throw missing(`${dockerfile} is not a plain file`);
      if (stats.size > maximumBytes)
        throw missing(`${dockerfile} is larger than ${formatBytes(maximumBytes)}`);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(stats.size), 0, stats.size, 0);
      const bytes = buffer.subarray(0, bytesRead);
      return { text: bytes.toString("utf8"), hash: createHash("sha256").update(bytes).digest("hex") };
    } finally {
      await file?.close();
    }
  }
  throw missing(`there is no ${dockerfile} in the context`);
}

function missing(message: string): StalledError {
  return new StalledError({
    reason: "DockerfileMissing",
    message,
    remedy: "put a plain file there, or correct spec.build.dockerfile",
  });
}
