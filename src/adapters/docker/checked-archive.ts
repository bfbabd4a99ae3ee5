import { buffer } from "node:stream/consumers";
import { extract, pack, type Header } from "tar-stream";
import { isWithin } from "../../core/plan/placed-path.ts";
import type { Unpacked } from "../../ports/container-files.ts";
import { StalledError } from "../../util/errors.ts";

/**
 * The same archive, with nothing in it but files, directories and links at `to` and below, each in a directory of the
 * archive, and all of one owner. Who packed it runs as a user, who could have put in anything, and the engine unpacks as
 * root through mounts. Throws StalledError `CopyFailed`.
 */
export async function checkedArchive(archive: Buffer, { to, as }: Unpacked): Promise<Buffer> {
  const members = extract();
  members.end(archive);
  const checked = pack();
  const result = buffer(checked);
  const directories = new Set<string>();
  try {
    for await (const member of members) {
      const header = checkedHeader(member.header, to, directories);
      const content = await buffer(member);
      const owner = { uid: as.uid, gid: as.gid, pax: { uid: String(as.uid), gid: String(as.gid) } };
      checked.entry({ ...header, ...owner }, header.type === "file" ? content : "");
    }
  } catch (error) {
    // Nobody reads it any more; what is wrong is thrown here.
    result.catch(() => undefined);
    checked.destroy();
    throw error instanceof StalledError ? error : refused(to, "it cannot be read as an archive");
  }
  checked.finalize();
  return result;
}

function checkedHeader(
  header: Header,
  to: string,
  directories: Set<string>,
): Partial<Header> & { readonly name: string } {
  const { type, linkname } = header;
  const parts = header.name.split("/").filter((part) => part !== "" && part !== ".");
  const path = `/${parts.join("/")}`;
  if (parts.includes("..") || !isWithin(path, to)) throw refused(to, "a name in it leads elsewhere");
  const above = path.slice(0, path.lastIndexOf("/"));
  if (path !== to && !directories.has(above)) throw refused(to, `${above} is no directory of it`);
  const mode = (header.mode ?? 0o644) & 0o777;
  const common = { name: parts.join("/"), mode, mtime: header.mtime ?? new Date(0) };
  if (type === "directory") {
    directories.add(path);
    return { ...common, type };
  }
  // What was a directory of it before is none any more.
  directories.delete(path);
  if (type === "file") return { ...common, type };
  if (type === "symlink") return { ...common, type, linkname: linkname ?? "" };
  throw refused(to, `${path} is no file, directory or link`);
}

function refused(to: string, why: string): StalledError {
  return new StalledError({
    reason: "CopyFailed",
    message: `what is to be copied to ${to} cannot be: ${why}`,
    remedy: "copy files, directories and links only",
  });
}
