import { cp, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";

/** A copy of a state directory that may be written to and is thrown away; the original stays as it is. */
export interface ScratchCopy {
  readonly directory: string;
  remove(): Promise<void>;
}

/** Copies what is in `stateDir` to a folder of its own, for nobody else to read, below `parent`. */
export async function scratchCopy(stateDir: string, parent: string): Promise<ScratchCopy> {
  const directory = await mkdtemp(join(parent, "dry-run-"));
  try {
    await cp(stateDir, directory, { recursive: true });
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
  return { directory, remove: async () => rm(directory, { recursive: true, force: true }) };
}
