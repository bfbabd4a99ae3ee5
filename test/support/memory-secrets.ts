import type { SecretContent, SecretFiles } from "../../src/ports/secret-files.ts";

/** Secrets in memory: uid/name -> what is there, null where a place is only kept. */
export class MemorySecrets implements SecretFiles {
  readonly files = new Map<string, SecretContent | null>();

  async reserve(uid: string, names: readonly string[]): Promise<void> {
    for (const name of names) {
      const key = `${uid}/${name}`;
      if (!this.files.has(key)) this.files.set(key, null);
    }
  }

  async write(uid: string, name: string, what: SecretContent): Promise<void> {
    this.files.set(`${uid}/${name}`, what);
  }

  async remove(uid: string): Promise<void> {
    for (const key of this.files.keys()) if (key.startsWith(`${uid}/`)) this.files.delete(key);
  }

  async owners(): Promise<readonly string[]> {
    return [...new Set([...this.files.keys()].map((key) => key.split("/")[0] ?? ""))];
  }

  /** What a place holds, as text; null where nothing was written. */
  text(place: string): string | null {
    return this.files.get(place)?.content.toString() ?? null;
  }
}
