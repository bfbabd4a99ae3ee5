import { posix } from "node:path";
import { Readable } from "node:stream";
import type {
  BuildContexts,
  ContextRequest,
  OpenedContext,
  ReadDockerfile,
} from "../../src/ports/build-contexts.ts";
import { StalledError } from "../../src/util/errors.ts";

/** Contexts as one text each; what is not there is told of as by the real ones. */
export class MemoryContexts implements BuildContexts {
  readonly contents = new Map<string, string>();
  opened = 0;

  async signature(request: ContextRequest): Promise<string> {
    return this.#content(request);
  }

  async hash(request: ContextRequest): Promise<string> {
    return this.#content(request);
  }

  async dockerfile(request: ContextRequest): Promise<ReadDockerfile> {
    const text = this.#content(request);
    return { text, hash: text };
  }

  open(request: ContextRequest, dockerfileHash: string): OpenedContext {
    this.opened += 1;
    const content = this.#content(request);
    if (content !== dockerfileHash) throw new StalledError({ reason: "ContextChanged", message: "changed" });
    return { tar: Readable.from([content]), hash: Promise.resolve(content) };
  }

  #content({ specPath, context }: ContextRequest): string {
    const path = posix.join(posix.dirname(specPath), context);
    const content = this.contents.get(path);
    if (content !== undefined) return content;
    throw new StalledError({
      reason: "ContextMissing",
      message: `there is no directory ${path} to build from`,
      remedy: "create it beside the spec",
    });
  }
}
