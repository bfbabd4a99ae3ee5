import type { Settings } from "./layers.ts";

/** A QuotaSpec before it is written as text. */
export interface QuotaDraft {
  readonly name: string;
  /** What stands above it as comments, one paragraph each. */
  readonly about: readonly string[];
  readonly subjects: "everybody" | { readonly users: readonly string[]; readonly comment: string };
  /** Why it is there, as the file says it. */
  readonly reason: string | null;
  readonly fields: Settings;
}

/** Gives out names of quotas, each once: what DNS allows of the wanted text, with a number where that is taken. */
export class QuotaNames {
  private readonly taken = new Set<string>();

  take(wanted: string): string {
    const plain = wanted
      .toLowerCase()
      .replace(/[^a-z0-9.-]+/g, "-")
      .replace(/^[^a-z0-9]+/, "")
      .slice(0, 58)
      .replace(/[^a-z0-9]+$/, "");
    const base = plain === "" ? "quota" : plain;
    let name = base;
    for (let count = 2; this.taken.has(name); count += 1) name = `${base}-${count}`;
    this.taken.add(name);
    return name;
  }
}
