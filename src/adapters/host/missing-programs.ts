import { accessSync, constants, realpathSync } from "node:fs";
import { basename } from "node:path";

/** A program that ds01 runs, and the package it comes with. */
interface NeededProgram {
  readonly name: string;
  readonly of: string;
}

/** They go by the same names, and lack the flags that ds01 needs. */
const others: readonly string[] = ["busybox", "toybox", "bsdtar"];

/**
 * Of the needed programs those that are not on the path, or only as somebody else's of the same name: `setpriv of
 * util-linux`.
 */
export function missingPrograms(needed: readonly NeededProgram[], path: string): readonly string[] {
  return needed.flatMap(({ name, of }) => {
    const found = path.split(":").find((directory) => isExecutable(`${directory}/${name}`));
    if (found === undefined) return [`${name} of ${of} (there is none)`];
    const real = basename(realpathSync(`${found}/${name}`));
    return others.includes(real) ? [`${name} of ${of} (there is that of ${real})`] : [];
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Whatever is in the way, it cannot be run.
    return false;
  }
}
