import type { OwnerAccount } from "../core/account/owner-account.ts";
import { numericUser, type NumericUser } from "../core/account/container-user.ts";
import type { ObservedContainer } from "../core/observed.ts";
import { maximumCopyBytes, mountInTheWay } from "../core/plan/copies.ts";
import type { Step } from "../core/plan/step.ts";
import type { ContainerFiles } from "../ports/container-files.ts";
import type { OwnerFiles } from "../ports/owner-files.ts";
import { StalledError } from "../util/errors.ts";

/** No image's account file is longer. */
const longestFile = 1_048_576;

export interface SeedOptions {
  readonly files: ContainerFiles;
  readonly ownerFiles: OwnerFiles;
  /** As whom files of the host are read. */
  readonly owner: () => Promise<OwnerAccount>;
}

/**
 * Fills a container that has never run, as the step says: volumes that are empty and root's become its user's, and files
 * are copied in for them. The engine writes as root and through mounts, so no link may lie on the way: StalledError
 * `CopyTargetDenied`.
 */
export async function seedContainer(
  container: ObservedContainer,
  { volumes, copies }: Pick<Extract<Step, { do: "seed" }>, "volumes" | "copies">,
  { files, ownerFiles, owner }: SeedOptions,
): Promise<void> {
  const { id, config } = container;
  const as = await numericUser(config.user, {
    passwd: () => files.read(id, "/etc/passwd", longestFile),
    group: () => files.read(id, "/etc/group", longestFile),
  });
  if (as.uid !== 0) await giveVolumes(id, volumes, as, files);
  if (copies.length === 0) return;
  const account = await owner();
  let maximumBytes = maximumCopyBytes;
  for (const { from, to } of copies) {
    const why = mountInTheWay(to, config.mounts);
    if (why !== null) throw denied(to, why);
    await refuseLinks(id, to, files);
    const archive = await ownerFiles.archive({ path: from, to, as, maximumBytes }, account);
    maximumBytes -= archive.length;
    await files.unpack(id, archive, { to, as });
  }
}

async function giveVolumes(
  id: string,
  targets: readonly string[],
  { uid, gid }: NumericUser,
  files: ContainerFiles,
): Promise<void> {
  for (const path of targets) {
    const folder = await files.folder(id, path);
    if (
      folder === null ||
      folder.uid !== 0 ||
      !folder.empty ||
      (await linkOnTheWay(id, path, files)) !== null
    )
      continue;
    await files.write(id, [{ path, mode: 0o755, uid, gid }]);
  }
}

async function refuseLinks(id: string, path: string, files: ContainerFiles): Promise<void> {
  const link = await linkOnTheWay(id, path, files);
  if (link !== null) throw denied(path, `${link} is a link in the container`);
}

/** The first part of a path that is a link, and so leads elsewhere; null where there is none. */
async function linkOnTheWay(id: string, path: string, files: ContainerFiles): Promise<string | null> {
  const parts = path.split("/").filter((part) => part !== "");
  for (let depth = 1; depth <= parts.length; depth += 1) {
    const part = `/${parts.slice(0, depth).join("/")}`;
    const kind = await files.kindOf(id, part);
    if (kind === "link") return part;
    if (kind === null) return null;
  }
  return null;
}

function denied(path: string, why: string): StalledError {
  return new StalledError({
    reason: "CopyTargetDenied",
    message: `nothing is copied to ${path}: ${why}`,
    remedy: "write the path that it leads to, or copy elsewhere",
  });
}
