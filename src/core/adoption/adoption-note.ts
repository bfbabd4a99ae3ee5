/** Something about a container that its spec cannot say, and what becomes of it once it is made anew. */
export interface AdoptionNote {
  /** `network`, `--dns`. */
  readonly about: string;
  readonly message: string;
}

/** Something that is not written at all. */
export function lostNote(about: string, found: string): AdoptionNote {
  return { about, message: `${found}; no field of a spec says so: its next container is made without` };
}
