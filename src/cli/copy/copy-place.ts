import { posix } from "node:path";
import { UsageError } from "../usage-error.ts";

/** One end of a copy: a path here, or in a container. */
export type CopyPlace =
  | { readonly at: "here"; readonly path: string }
  | { readonly at: "container"; readonly container: string; readonly path: string };

/** Reads `FILE`, `NAME:PATH` or `NAMESPACE/NAME:PATH`; a local path with a colon is written as `./a:b`. */
export function parseCopyPlace(word: string): CopyPlace {
  const [, container, path] = /^([^/.:][^/:]*(?:\/[^/:]+)?):(.*)$/s.exec(word) ?? [];
  if (container === undefined || path === undefined) return { at: "here", path: word };
  return { at: "container", container, path: path === "" ? "." : path };
}

/** Both ends of a copy; UsageError unless exactly one is in a container. */
export function parseCopy(words: readonly string[]): { readonly from: CopyPlace; readonly to: CopyPlace } {
  const [from, to, ...more] = words;
  if (from === undefined || to === undefined || more.length > 0) {
    throw new UsageError("say what to copy and where to: ds01 cp FILE NAME:PATH, or ds01 cp NAME:PATH FILE");
  }
  const ends = { from: parseCopyPlace(from), to: parseCopyPlace(to) };
  if (ends.from.at === ends.to.at) {
    throw new UsageError(
      ends.from.at === "here"
        ? "neither end is in a container; write NAME:PATH for it"
        : "both ends are in containers; copy by way of a file here",
    );
  }
  return ends;
}

/** An absolute path, or one that no command takes for a flag; relative ones start at the workspace. */
export function pathInContainer(path: string, workspace: string | null): string {
  if (path.startsWith("/")) return posix.normalize(path);
  if (workspace !== null) return posix.resolve(workspace, path);
  return `./${posix.normalize(path)}`;
}
