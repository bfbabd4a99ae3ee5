import { isWithin } from "../plan/placed-path.ts";
import { plainPath } from "../plan/plain-path.ts";

/**
 * The protected path that comes into a container with `path`, or undefined: one that equals it, lies below it, or has it
 * below itself. Both are absolute, and links in them are resolved already.
 */
export function protectedBy(path: string, protectedPaths: readonly string[]): string | undefined {
  const place = plainPath(path);
  return protectedPaths.find((one) => {
    const kept = plainPath(one);
    return isWithin(place, kept) || isWithin(kept, place);
  });
}
