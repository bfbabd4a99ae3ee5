import { basename, join, relative } from "node:path";
import { watch } from "chokidar";
import { isHiddenName, isSpecPath, specFolders } from "./spec-path.ts";

/** What the watcher calls back; all of it may be late, doubled or missing. */
export interface HintHandlers {
  /** Something happened to a spec file: its name came or went ("name"), or its content or attributes changed. */
  readonly onFile: (path: string, happened: "name" | "content") => void;
  /** A directory came or went. */
  readonly onDirectory: () => void;
  /** The root or a directory of specs came, went or was replaced: this watcher may look at the wrong directories. */
  readonly onTreeMoved: () => void;
  /** The watcher is set up. */
  readonly onReady: () => void;
  /** The watcher cannot do its work any more. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Watches the directories of a specs tree through chokidar, one inotify watch each and none for files: what
 * happens to a file comes as a raw event of its directory, without delay and without the throttle (50 ms) that
 * would swallow the second of two quick writes. Returns what ends it.
 */
export function watchHints(root: string, handlers: HintHandlers): () => Promise<void> {
  const watcher = watch(root, {
    ignoreInitial: true,
    followSymlinks: false,
    atomic: false,
    ignored: (path, stats) => {
      const [folder] = relative(root, path).split("/");
      if (folder === undefined || folder === "") return false;
      return (
        !specFolders.some((name) => name === folder) ||
        isHiddenName(basename(path)) ||
        stats?.isDirectory() === false
      );
    },
  });
  watcher.on("raw", (event, name, details) => {
    const watched = watchedPathOf(details) ?? root;
    const path = relative(root, join(watched, name));
    if (isSpecPath(path)) handlers.onFile(path, event === "rename" ? "name" : "content");
    else if (event !== "rename") return;
    // A directory that was moved itself is reported under its own name.
    else if (specFolders.some((folder) => folder === path) || (watched === root && name === basename(root)))
      handlers.onTreeMoved();
  });
  watcher.on("addDir", handlers.onDirectory);
  watcher.on("unlinkDir", handlers.onDirectory);
  watcher.on("ready", handlers.onReady);
  watcher.on("error", handlers.onFailure);
  return async () => watcher.close();
}

function watchedPathOf(details: unknown): string | undefined {
  if (typeof details !== "object" || details === null || !("watchedPath" in details)) return undefined;
  return typeof details.watchedPath === "string" ? details.watchedPath : undefined;
}
