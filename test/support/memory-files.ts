import type {
  ContainerFiles,
  ContainerFolder,
  ContainerPathKind,
  NewPath,
} from "../../src/ports/container-files.ts";

/** Files of containers in memory: each begins with what an image of a small system has. */
export class MemoryFiles implements ContainerFiles {
  /** Everything that was written, with the container it was written to. */
  readonly written: (NewPath & { readonly container: string })[] = [];
  /** Thrown by the next calls, as often as there are. */
  readonly faults: Error[] = [];
  /** Archives as texts, and what happens right before one is unpacked. */
  readonly unpacked: { readonly container: string; readonly text: string }[] = [];
  beforeUnpack: (container: string) => void = () => undefined;
  readonly #texts = new Map([
    ["/etc/passwd", "root:x:0:0::/root:/bin/sh\n"],
    ["/etc/group", "root:x:0:\n"],
  ]);
  readonly #folders = new Set(["/etc", "/home"]);

  async kindOf(_idOrName: string, path: string): Promise<ContainerPathKind | null> {
    if (this.#folders.has(path)) return "directory";
    return this.#texts.has(path) ? "file" : null;
  }

  async read(_idOrName: string, path: string): Promise<string | null> {
    return this.#texts.get(path) ?? null;
  }

  async folder(): Promise<ContainerFolder> {
    return { uid: 0, gid: 0, empty: true };
  }

  async unpack(idOrName: string, archive: Buffer): Promise<void> {
    this.beforeUnpack(idOrName);
    this.unpacked.push({ container: idOrName, text: archive.toString() });
  }

  async write(idOrName: string, paths: readonly NewPath[]): Promise<void> {
    const fault = this.faults.shift();
    if (fault !== undefined) throw fault;
    this.written.push(...paths.map((path) => ({ ...path, container: idOrName })));
  }
}
