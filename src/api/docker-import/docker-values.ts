import { nearest } from "../../util/nearest.ts";

const unitBytes: Readonly<Record<string, number>> = {
  "": 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
};

/** Bytes of a size as Docker writes it (`512m`, `1.5g`, `1GiB`; powers of 1024), or undefined when it is none. */
export function dockerBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?([kmgt]?)(?:i?b)?$/i.exec(text.trim());
  if (match === null) return undefined;
  const bytes = Math.floor(Number(match[1]) * (unitBytes[(match[2] ?? "").toLowerCase()] ?? Number.NaN));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Exactly these bytes as a spec writes them: `1610612736` is `1536Mi`. */
export function exactQuantity(bytes: number): string {
  const units = [
    ["Ti", 1024 ** 4],
    ["Gi", 1024 ** 3],
    ["Mi", 1024 ** 2],
    ["Ki", 1024],
  ] as const;
  const fitting = units.find(([, factor]) => bytes > 0 && bytes % factor === 0);
  return fitting === undefined ? String(bytes) : `${bytes / fitting[1]}${fitting[0]}`;
}

/** The fields of one line of comma-separated values, or undefined when its quotes are wrong (RFC 4180). */
export function commaSeparated(text: string): readonly string[] | undefined {
  const fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (;;) {
    const match = field.exec(text);
    if (match === null) return undefined;
    fields.push(match[1] === undefined ? (match[2] ?? "") : match[1].replaceAll('""', '"'));
    if (match[3] === "") return field.lastIndex === text.length ? fields : undefined;
  }
}

/** `, did you mean X?`, or nothing. */
export function meantText(written: string, candidates: readonly string[]): string {
  const meant = nearest(written.slice(0, 64), candidates);
  return meant === undefined ? "" : `, did you mean ${meant}?`;
}

/** The text as a name of an object: lower-case, and only what may stand there; empty when nothing is left. */
export function objectNameOf(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "")
    .slice(0, 63)
    .replace(/[^a-z0-9]+$/, "");
}
