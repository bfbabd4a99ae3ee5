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

const types: Readonly<Record<string, TreeEntry["type"]>> = {
  "100644": "file",
  "100755": "file",
  "100664": "file",
  "120000": "symlink",
  "160000": "submodule",
};

/** Reads what `git ls-tree -r -z -l` prints; `below` is cut off the paths. */
export function parseTree(output: string, below: string): readonly TreeEntry[] {
  const prefix = below === "" ? "" : `${below}/`;
  return output.split("\0").flatMap((line): readonly TreeEntry[] => {
    const [, mode = "", id = "", size = "", path = ""] =
      /^(\d+) \S+ ([0-9a-f]+) +(\d+|-)\t([^]+)$/.exec(line) ?? [];
    const type = types[mode];
    if (type === undefined || !path.startsWith(prefix)) return [];
    return [{ path: path.slice(prefix.length), type, id, size: size === "-" ? 0 : Number(size) }];
  });
}
