import { readdir, readFile } from "node:fs/promises";
import { errorCode } from "./error-code.ts";

/** What is in a folder; a folder that is not there is empty. Any other error is thrown. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(ifMissing([]));
}

/** The text of a file; undefined where there is none. Any other error is thrown. */
export async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(ifMissing(undefined));
}

/** For `catch`: what stands for a file that is not there; any other error is thrown on. */
export function ifMissing<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (errorCode(error) === "ENOENT") return instead;
    throw error;
  };
}
