/** As many as Kubernetes adds, of the letters that it takes: none that are taken for others, and none that make words. */
const suffixLength = 5;
const letters = "bcdfghjklmnpqrstvwxz2456789";
/** Longest name, in characters. */
const longest = 63;

/**
 * A name that begins like this (`metadata.generateName`), as Kubernetes makes them; `below` draws a whole number below
 * another one.
 */
export function generatedName(prefix: string, below: (limit: number) => number): string {
  const suffix = Array.from({ length: suffixLength }, () => letters[below(letters.length)]).join("");
  return `${prefix.slice(0, longest - suffixLength)}${suffix}`;
}
