import { resolve } from "node:path";
import { defaultSource } from "../../api/default-source.ts";
import type { SourceConfiguration } from "../../api/source-configuration.ts";

/** Where specs come from. */
export interface SourceSettings {
  /** The directory of specs that is changed through the API. */
  readonly specs: string;
  /** At least one; the directory of `specs` where the configuration names none. */
  readonly sources: readonly SourceConfiguration[];
}

/** Why `sources` and `specs` cannot be given together; undefined where they are not. */
export function bothGiven(
  sources: readonly SourceConfiguration[] | undefined,
  specs: string | undefined,
): string | undefined {
  if (sources === undefined || specs === undefined) return undefined;
  return (
    `sources: they stand in the place of specs, which is given too (${specs}); ` +
    `name that directory as one of the sources: {name: specs, directory: {path: ${specs}}}`
  );
}

/** The configured sources, or the one directory. */
export function sourceSettings(
  sources: readonly SourceConfiguration[] | undefined,
  specs: string,
): SourceSettings {
  const directory = resolve(specs);
  if (sources === undefined) {
    return { specs: directory, sources: [{ name: defaultSource, directory: { path: directory } }] };
  }
  const first = sources.find((source) => source.directory !== undefined);
  return { specs: first?.directory?.path ?? directory, sources };
}
