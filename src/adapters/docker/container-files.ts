import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { extract, pack } from "tar-stream";
import type {
  ContainerFiles,
  ContainerFolder,
  ContainerPathKind,
  NewPath,
} from "../../ports/container-files.ts";
import { NotFoundError } from "../../util/errors.ts";
import { checkedArchive } from "./checked-archive.ts";
import { connectDocker } from "./connect.ts";
import { engineClient, type EngineClient, type EngineRequest } from "./engine-client.ts";

const deadlineMs = 30_000;

/** Bits of Go's os.FileMode, which the engine's path stat carries. */
const goModes: readonly (readonly [bit: number, kind: ContainerPathKind])[] = [
  [2 ** 31, "directory"],
  [2 ** 27, "link"],
  // Device, named pipe, socket, character device, irregular.
  [2 ** 26 + 2 ** 25 + 2 ** 24 + 2 ** 21 + 2 ** 19, "other"],
];

/** Files of the containers of the engine at `dockerHost`, through its archive calls. */
export function dockerFiles(options: { readonly dockerHost: string }): ContainerFiles {
  const client = engineClient(connectDocker(options.dockerHost));
  return {
    kindOf: async (idOrName, path, signal) => {
      const what = `look at ${path} in ${idOrName}`;
      const request = archiveRequest({ what, method: "HEAD", idOrName, path }, signal);
      const answer = await unlessMissing(client.open(request));
      if (answer === null) return null;
      answer.resume();
      return kindFrom((answer as IncomingMessage).headers["x-docker-container-path-stat"]);
    },
    read: async (idOrName, path, maxBytes, signal) => {
      const what = `read ${path} of ${idOrName}`;
      const request = archiveRequest({ what, method: "GET", idOrName, path }, signal);
      const answer = await unlessMissing(client.open(request));
      return answer === null ? null : await onlyFile(answer, maxBytes);
    },
    folder: async (idOrName, path, signal) => {
      const what = `look into ${path} of ${idOrName}`;
      const request = archiveRequest({ what, method: "GET", idOrName, path }, signal);
      const answer = await unlessMissing(client.open(request));
      return answer === null ? null : await folderOf(answer);
    },
    unpack: async (idOrName, archive, what, signal) => {
      await writeArchive(client, idOrName, await checkedArchive(archive, what), signal);
    },
    write: async (idOrName, paths, signal) => {
      await writeArchive(client, idOrName, await archiveOf(paths), signal);
    },
  };
}

function archiveRequest(
  {
    idOrName,
    path,
    ...call
  }: Pick<EngineRequest, "what" | "method" | "path"> & { readonly idOrName: string },
  signal: AbortSignal | undefined,
): EngineRequest {
  const address = `/containers/${encodeURIComponent(idOrName)}/archive`;
  return { ...call, path: address, query: { path }, deadlineMs, signal };
}

async function writeArchive(
  client: EngineClient,
  idOrName: string,
  archive: Buffer,
  signal: AbortSignal | undefined,
): Promise<void> {
  const what = `put files into ${idOrName}`;
  const request = archiveRequest({ what, method: "PUT", idOrName, path: "/" }, signal);
  // Without it the engine removes a whole directory, and what is mounted there, to put a file in its place.
  const query = { ...request.query, noOverwriteDirNonDir: true };
  await client.request({ ...request, query, archive });
}

/** A missing path is a 404, as is a missing container, which whatever follows will find. */
async function unlessMissing(answer: Promise<Readable>): Promise<Readable | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof NotFoundError) return null;
    throw error;
  }
}

function kindFrom(header: string | readonly string[] | undefined): ContainerPathKind {
  const text = Buffer.from(String(header ?? ""), "base64").toString();
  const { mode } = JSON.parse(text) as { readonly mode: number };
  // No bit operators: they would take the highest bit for a sign.
  const found = goModes.find(([bits]) => BigInt(mode) & BigInt(bits));
  return found?.[1] ?? "file";
}

/** The one file of an archive; null for anything else, or more than `maxBytes`. */
async function onlyFile(archive: Readable, maxBytes: number): Promise<string | null> {
  const members = extract();
  archive.once("error", (error) => members.destroy(error));
  archive.pipe(members);
  let text: string | null = null;
  for await (const member of members) {
    const { type, size } = member.header;
    if (type !== "file" || (size ?? 0) > maxBytes) {
      archive.destroy();
      return null;
    }
    text = (await buffer(member)).toString();
  }
  return text;
}

/** From the first two members of a folder's archive: itself, and the first thing in it. */
async function folderOf(archive: Readable): Promise<ContainerFolder | null> {
  const members = extract();
  archive.once("error", (error) => members.destroy(error));
  archive.pipe(members);
  let folder: ContainerFolder | null = null;
  for await (const member of members) {
    const { type, uid, gid } = member.header;
    if (folder === null && type !== "directory") break;
    if (folder !== null) {
      folder = { ...folder, empty: false };
      break;
    }
    folder = { uid, gid, empty: true };
    member.resume();
  }
  archive.destroy();
  return folder;
}

async function archiveOf(paths: readonly NewPath[]): Promise<Buffer> {
  const archive = pack();
  for (const { path, content, mode, uid, gid } of paths) {
    const name = path.replace(/^\/+/, "");
    // The plain header has room for numbers up to 262,143 only, and is filled with that for larger ones.
    const pax = { uid: String(uid), gid: String(gid) };
    const header = { mode, uid, gid, pax, mtime: new Date(0) };
    if (content === undefined) archive.entry({ ...header, name: `${name}/`, type: "directory" });
    else archive.entry({ ...header, name }, content);
  }
  archive.finalize();
  return buffer(archive);
}
