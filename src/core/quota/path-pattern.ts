import { plainPath } from "../plan/plain-path.ts";

/** A path in which `*` stands for any text without a slash, and `/**` at the end for everything below. */
export function pathPattern(pattern: string): RegExp {
  const isTree = pattern.endsWith("/**");
  const path = plainPath(isTree ? pattern.slice(0, -3) : pattern);
  const source = path
    .split("*")
    .map((piece) => piece.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"))
    .join("[^/]*");
  return new RegExp(`^${source === "/" && isTree ? "" : source}${isTree ? "/[^]+" : ""}$`);
}
