/** What stands at a path of a revision. */
export interface TreeEntry {
  /** Below the directory that is followed. */
  readonly path: string;
  readonly type: "file" | "symlink" | "submodule";
  /** Git's id of the content. */
  readonly id: string;
  /** In bytes; 0 for submodules. */
  readonly size: number;
}

/** As Git takes modes: by what kind of file they say it is; what is no file of a kind that it knows is a submodule. */
function typeOf(mode: string): TreeEntry["type"] {
  if (mode.startsWith("10")) return "file";
  return mode.startsWith("12") ? "symlink" : "submodule";
}

/** Reads what `git ls-tree -r -z -l` prints; `below` is cut off the paths. */
export function parseTree(output: string, below: string): readonly TreeEntry[] {
  const prefix = below === "" ? "" : `${below}/`;
  return output.split("\0").flatMap((line): readonly TreeEntry[] => {
    const [, mode, id = "", size = "", path = ""] =
      /^(\d+) \S+ ([0-9a-f]+) +(\d+|-)\t([^]+)$/.exec(line) ?? [];
    if (mode === undefined || !path.startsWith(prefix)) return [];
    return [
      { path: path.slice(prefix.length), type: typeOf(mode), id, size: size === "-" ? 0 : Number(size) },
    ];
  });
}
