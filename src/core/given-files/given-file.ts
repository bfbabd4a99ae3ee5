import type { ContainerSpecSpec } from "../../api/container.ts";
import { leadsOutTo, placedPath, type PlacedPath, type SpecPlace } from "../plan/placed-path.ts";
import type { HostPathFact } from "../world.ts";

/** How much a file may hold, in bytes. */
export const maximumGivenBytes = 65_536;

/** A file of the host whose content is for a container alone: it stands in no spec, status, event, log or label. */
export type GivenFile = GivenVariables | GivenSecret;

/** Its lines are variables. */
export interface GivenVariables extends GivenPath {
  readonly use: "variables";
  /** What its variables begin with. */
  readonly prefix: string;
}

/** It is a file in the container as well. */
export interface GivenSecret extends GivenPath {
  readonly use: "secret";
  readonly name: string;
}

interface GivenPath extends PlacedPath {
  /** Where the spec names it. */
  readonly field: string;
  readonly optional: boolean;
}

/** Why a container with these files cannot be made now. */
export interface GivenFileProblem {
  readonly reason: string;
  /** What follows the name of the object. */
  readonly message: string;
}

/** The files that a spec names, in its order; relative paths begin at the directory of its file. */
export function givenFiles(
  { envFrom = [], secrets = [] }: Pick<ContainerSpecSpec, "envFrom" | "secrets">,
  place: SpecPlace,
): readonly GivenFile[] {
  return [
    ...envFrom.map(({ file: { path, optional = false }, prefix = "" }, index): GivenVariables => {
      const field = `spec.envFrom[${index}].file.path`;
      return { use: "variables", field, ...placedPath(path, place), optional, prefix };
    }),
    ...secrets.map(({ file, name }, index): GivenSecret => {
      return {
        use: "secret",
        field: `spec.secrets[${index}].file`,
        ...placedPath(file, place),
        optional: false,
        name,
      };
    }),
  ];
}

/** The same files by the paths that they lead to; those that may be missing and are are left out. */
export function resolveGiven<File extends GivenFile>(
  files: readonly File[],
  hostPaths: ReadonlyMap<string, HostPathFact>,
): readonly File[] {
  return files.flatMap((file) => {
    const { kind, realPath = file.path } = hostPaths.get(file.path) ?? {};
    return kind === "Missing" && file.optional ? [] : [{ ...file, path: realPath }];
  });
}

/** What the look at their paths shows to be wrong with them; null where nothing is. */
export function givenPathProblem(
  files: readonly GivenFile[],
  hostPaths: ReadonlyMap<string, HostPathFact>,
): GivenFileProblem | null {
  for (const file of files) {
    const { use, path, optional } = file;
    const { kind } = hostPaths.get(path) ?? {};
    const outside = leadsOutTo(file, hostPaths);
    const what = givenWords[use];
    if (outside !== null) {
      const message = `takes ${what.noun} from ${path}, which leads to ${outside}; a relative path must not lead out of the spec's directory: move the file there, or write an absolute path`;
      return { reason: "GivenFileOutside", message };
    }
    if (kind === undefined || kind === "File" || (kind === "Missing" && optional)) continue;
    if (kind === "Missing") {
      const message = `takes ${what.noun} from ${path}; it does not exist on this host: make it or correct the path`;
      return { reason: what.notFound, message };
    }
    return { reason: what.invalid, message: `takes ${what.noun} from ${path}; ${noFileWords(kind)}` };
  }
  return null;
}

function noFileWords(kind: HostPathFact["kind"]): string {
  if (kind === "Unreadable") {
    return "ds01 cannot tell where it leads: let root enter every directory on the way, or move the file to where it can";
  }
  return kind === "Directory"
    ? "it is a directory: it must be a regular file"
    : "it is no regular file: it must be one";
}

/** What is said of a file by what it is for. */
export const givenWords: Readonly<
  Record<GivenFile["use"], { readonly noun: string; readonly notFound: string; readonly invalid: string }>
> = {
  variables: { noun: "variables", notFound: "EnvFileNotFound", invalid: "EnvFileInvalid" },
  secret: { noun: "a secret", notFound: "SecretFileNotFound", invalid: "SecretFileInvalid" },
};
