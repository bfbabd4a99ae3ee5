import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createEngineCgroup } from "./cgroup.ts";
import { bedName, engineDirectory, identify } from "./engine-record.ts";
import type { EngineOptions, ProcessIdentity } from "./engine-record.ts";
import { bedPath } from "./requirements.ts";
import { waitFor } from "./wait-for.ts";

// What dockerd and containerd write to whatever they are told (shim sockets, plugin sockets, the engine's key): an
// engine sees a tmpfs of its own there. The package brings /etc/docker, so an empty one stays.
const coveredFolders = ["/run/containerd", "/run/docker", "/opt/containerd", "/etc/docker"];
const removableFolders = coveredFolders.slice(0, 3);

// The lock on /run keeps a stopping engine from removing a mount point between our mkdir and our mount.
const prepare = `
set -e
[ "$BED_NETWORK" = bridge ] || busybox ip link set lo up
exec 9</run; flock 9
for folder in ${coveredFolders.join(" ")}; do
  mkdir -p "$folder"
  mount -t tmpfs -o mode=0711 ds01-bed "$folder"
done
exec 9<&-
[ -z "$BED_TMPFS" ] || mount -t tmpfs -o "size=$BED_TMPFS" ds01-bed "$BED_DIRECTORY/data"
: > "$BED_DIRECTORY/anchor.ready"
exec sleep infinity
`;

/** Starts the process that holds an engine's namespaces, so that dockerd can die and come back in the same ones. */
export async function startAnchor(options: EngineOptions): Promise<ProcessIdentity> {
  const directory = engineDirectory(options.name);
  const unshare = ["--mount", "--propagation", "slave", ...(options.network === "bridge" ? [] : ["--net"])];
  const errors: Buffer[] = [];
  const child = spawn(
    "sh",
    [
      "-c",
      'echo $$ > "$0" && exec unshare "$@"',
      createEngineCgroup(bedName(options.name)),
      ...unshare,
      "sh",
      "-c",
      prepare,
    ],
    {
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
      cwd: "/",
      env: {
        PATH: bedPath,
        BED_NETWORK: options.network ?? "netns",
        BED_TMPFS: options.tmpfsSize ?? "",
        BED_DIRECTORY: directory,
      },
    },
  );
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
  const pid = child.pid;
  if (pid === undefined) throw new Error("could not start unshare");
  await waitFor(
    "the engine's namespaces",
    () => {
      if (child.exitCode !== null)
        throw new Error(`unshare ended: ${Buffer.concat(errors).toString().trim()}`);
      return existsSync(join(directory, "anchor.ready"));
    },
    { intervalMs: 3 },
  );
  child.stderr.destroy();
  child.unref();
  const identity = identify(pid);
  if (identity === undefined)
    throw new Error(`the anchor of engine ${options.name} died: ${Buffer.concat(errors).toString()}`);
  return identity;
}

/** Removes the covered folders that are empty, once no process anywhere has a tmpfs on them. */
export function removeSharedMountPoints(): void {
  const script = `exec 9</run; flock 9
grep -qsF ' ${removableFolders[0]} ' /proc/[0-9]*/mountinfo || rmdir ${removableFolders.join(" ")} 2>/dev/null || true`;
  execFileSync("sh", ["-c", script], { env: { PATH: bedPath }, stdio: "ignore" });
}

/** The arguments of nsenter that reach the engine's namespaces: `nsenter ...arguments command`. */
export function nsenterArguments(anchor: ProcessIdentity): string[] {
  return [`--target=${anchor.pid}`, "--mount", "--net", "--"];
}
