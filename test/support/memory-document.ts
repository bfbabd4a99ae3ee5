import type { StateDocument } from "../../src/ports/state-document.ts";

/** A document without a disk. */
export class MemoryDocument implements StateDocument {
  value: unknown = null;

  read(): unknown {
    return this.value;
  }

  async write(value: unknown): Promise<void> {
    this.value = structuredClone(value);
  }
}
