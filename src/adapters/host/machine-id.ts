import { readFile } from "node:fs/promises";

/** What names this machine over restarts (machine-id(5)); a fixed word where it has none. */
export async function machineId(): Promise<string> {
  for (const path of ["/etc/machine-id", "/var/lib/dbus/machine-id"]) {
    try {
      return (await readFile(path, "utf8")).trim();
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    }
  }
  return "no-machine-id";
}
