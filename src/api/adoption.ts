/** A container that another tool made and that could stand for a spec. */
export interface AdoptableContainer {
  readonly id: string;
  readonly name: string;
  /** What made it: `aime mlc`, `another ds01`, `docker`. */
  readonly origin: string;
}

/** What adopting a container comes to. */
export interface AdoptionAnswer {
  /** Docker name and id of the container. */
  readonly container: string;
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  /** Of the spec file, relative to the specs root. */
  readonly path: string;
  /** The spec file. */
  readonly text: string;
  /** What the spec does not say, and what becomes of it. */
  readonly notes: readonly { readonly about: string; readonly message: string }[];
  /** False: only looked at. */
  readonly adopted: boolean;
}

/** Which container, for whom (as its labels say unless told) and under which name (its own unless told). */
export interface AdoptRequest {
  readonly container: string;
  readonly owner?: string | undefined;
  readonly name?: string | undefined;
}
