import type Docker from "dockerode";
import { packTar } from "../bed/tar.ts";
import type { TarEntry } from "../bed/tar.ts";

/** Gives the bed's base image another name, with some files more, so that a spec can name a large public image. */
export async function addStandInImage(
  docker: Docker,
  name: string,
  files: readonly TarEntry[],
  entrypoint?: string,
): Promise<void> {
  const container = await docker.createContainer({ Image: "bed/base:1" });
  try {
    if (files.length > 0) await container.putArchive(packTar(files), { path: "/" });
    const colon = name.lastIndexOf(":");
    const changes = entrypoint === undefined ? {} : { changes: `ENTRYPOINT ["${entrypoint}"]` };
    await container.commit({ repo: name.slice(0, colon), tag: name.slice(colon + 1), ...changes });
  } finally {
    await container.remove();
  }
}
