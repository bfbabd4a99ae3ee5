import { readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { LimitsFiles } from "../api/resource-limits/convert.ts";
import type { SourceText } from "../api/yaml-source.ts";
import type { InputStream } from "./context.ts";
import { readSpecTexts, readText, unreadable } from "./spec-files.ts";

/** Where the files are, as a person named them. */
export interface LimitsPlaces {
  /** `resource-limits.yaml`, or `-`. */
  readonly file: string;
  readonly members: string | undefined;
  readonly overrides: string | undefined;
}

/**
 * Reads the limits; where nothing else is said, the members from `groups/` and the overrides from
 * `user-overrides.yaml` beside the file, where the scripts look for them. Throws when a file cannot be read.
 */
export async function readLimitsFiles(places: LimitsPlaces, stdin: InputStream): Promise<LimitsFiles> {
  const limits = places.file === "-" ? await standardInput(stdin) : await readOne(places.file);
  const beside = async (name: string) => {
    if (places.file === "-") return undefined;
    const path = join(dirname(places.file), name);
    return (await exists(path)) ? path : undefined;
  };
  const membersPath = places.members ?? (await beside("groups"));
  const overridesPath = places.overrides ?? (await beside("user-overrides.yaml"));
  return {
    limits,
    members: membersPath === undefined ? [] : await readMembers(membersPath),
    overrides: overridesPath === undefined ? null : await readOne(overridesPath),
    exemptions: (await beside("lifecycle-exemptions.yaml")) ?? null,
  };
}

async function readMembers(directory: string): Promise<readonly SourceText[]> {
  const names = (await readdir(directory).catch((error: unknown) => unreadable(directory, error)))
    .filter((name) => name.endsWith(".members"))
    .toSorted();
  return Promise.all(names.map(async (name) => readOne(join(directory, name))));
}

async function readOne(path: string): Promise<SourceText> {
  return { path, text: await readText(path) };
}

async function standardInput(stdin: InputStream): Promise<SourceText> {
  const [read] = await readSpecTexts(["-"], stdin);
  return read ?? { path: "stdin", text: "" };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
      return unreadable(path, error);
    },
  );
}
