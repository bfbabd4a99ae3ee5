import type { Readable } from "node:stream";

/** Whose context is read, and how. */
export interface ContextRequest {
  /** Name of the source that the spec is of. */
  readonly source: string;
  /** Path of the spec file below the root of that. */
  readonly specPath: string;
  readonly namespace: string;
  /** Seen from the directory of the spec file. */
  readonly context: string;
  readonly dockerfile: string;
}

/** A Dockerfile as it was read once. */
export interface ReadDockerfile {
  readonly text: string;
  /** Of its bytes. */
  readonly hash: string;
}

/** The files of a context as the engine gets them. */
export interface OpenedContext {
  readonly tar: Readable;
  /** Hash of what was packed, once all of it was; rejects when something could not be. */
  readonly hash: Promise<string>;
}

/**
 * The directories that images are built from, read with the rights of the spec's owner. StalledError when the owner
 * must act: nothing there, a link on the way, a file that is not the owner's to read, too large.
 */
export interface BuildContexts {
  /** Another text whenever a file may have changed; reads no file but .dockerignore. */
  signature(request: ContextRequest, signal?: AbortSignal): Promise<string>;
  /** Hash of paths, modes and contents. */
  hash(request: ContextRequest, signal?: AbortSignal): Promise<string>;
  /** StalledError DockerfileMissing where it is no plain file of the context. */
  dockerfile(request: ContextRequest, signal?: AbortSignal): Promise<ReadDockerfile>;
  /** Fails with ContextChanged when the Dockerfile is another than the one with `dockerfileHash`. */
  open(request: ContextRequest, dockerfileHash: string, signal?: AbortSignal): OpenedContext;
}
