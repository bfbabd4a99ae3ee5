import { posix } from "node:path";

/** Nothing below these is removed. */
const systemDirectories = [
  "/bin",
  "/boot",
  "/dev",
  "/etc",
  "/lib",
  "/lib32",
  "/lib64",
  "/libx32",
  "/proc",
  "/sbin",
  "/sys",
  "/usr",
];
/** These themselves are not removed; what is in them may be. */
const kept = ["/", "/home", "/media", "/mnt", "/opt", "/root", "/run", "/srv", "/tmp", "/var"];

/** What is known of a container that paths are to be removed in. */
export interface ScrapSurroundings {
  /** Absolute; null where it is the image's. */
  readonly workspace: string | null;
  /** Mount points, as the container sees them. */
  readonly mounts: readonly string[];
}

/** Why a path must not be removed, whatever rights there are; null when it may. `path` is absolute, links above it resolved. */
export function scrapRefusal(path: string, { workspace, mounts }: ScrapSurroundings): string | null {
  const real = posix.normalize(path).replace(/(?<=.)\/$/, "");
  if (kept.includes(real)) return `${real} is a directory that containers need`;
  const system = systemDirectories.find(
    (directory) => real === directory || real.startsWith(`${directory}/`),
  );
  if (system !== undefined) return `${real} belongs to the system (${system})`;
  if (workspace !== null && isAtOrBelow(workspace, real)) return `${real} is the workspace, or contains it`;
  const mount = mounts.find((point) => point !== "/" && isAtOrBelow(point, real));
  if (mount !== undefined) {
    return mount === real ? `${real} is a mount` : `${real} contains a mount (${mount})`;
  }
  return null;
}

/** Why a path is not even looked at, as it is written; null when it is. */
export function writtenRefusal(path: string): string | null {
  if (path.trim() === "") return "an empty path";
  if (path.split("/").includes("..")) return `${path} has ".." in it: write where it leads`;
  return null;
}

function isAtOrBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === "/" ? "/" : `${directory}/`);
}

/** Mount points in the text of /proc/self/mountinfo, where blanks are written as `\040`. */
export function mountPoints(mountinfo: string): readonly string[] {
  return mountinfo
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((point) => point !== "")
    .map((point) =>
      point.replaceAll(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8))),
    );
}
