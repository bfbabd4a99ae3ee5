import type { Settings } from "./read-configuration.ts";

/** Who has one of these has the whole host, or decides what containers may have; below /proc no path stays what it was. */
const everywhere: readonly string[] = [
  "/proc",
  "/run/docker.sock",
  "/var/run/docker.sock",
  "/run/docker",
  "/run/containerd",
  "/var/lib/docker",
  "/var/lib/containerd",
  "/etc/ds01",
];

/** Paths of this host that no container may have: the engine's socket and data, and ds01's own files. */
export function protectedPaths(settings: Settings): readonly string[] {
  const { config, sources, stateDir, runDir, logDir, dockerHost } = settings;
  const socket = dockerHost.replace(/^unix:\/\//, "");
  const directories = sources.flatMap(({ directory }) => directory?.path ?? []);
  const own = [config, ...directories, stateDir, runDir, logDir, ...(socket.startsWith("/") ? [socket] : [])];
  return [...new Set([...own, ...everywhere])];
}
