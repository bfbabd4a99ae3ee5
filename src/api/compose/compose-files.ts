import type { SourceText } from "../yaml-source.ts";

/** The files of a project as they are asked for, one after the other. */
export class ComposeFiles {
  /** Files that were asked for and are not known yet. */
  readonly missing = new Set<string>();
  private readonly known: ReadonlyMap<string, string | null>;

  constructor(known: ReadonlyMap<string, string | null>) {
    this.known = known;
  }

  /** The file, null where there is none, or undefined where it must be read first. */
  read(path: string): SourceText | null | undefined {
    const text = this.known.get(path);
    if (text === undefined) this.missing.add(path);
    return text === undefined || text === null ? text : { path, text };
  }
}
