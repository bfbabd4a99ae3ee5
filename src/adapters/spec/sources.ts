import type { SourceConfiguration } from "../../api/source-configuration.ts";
import type { Identity } from "../../ports/identity.ts";
import type { Log } from "../../ports/log.ts";
import type { SpecWriter } from "../../ports/spec-writer.ts";
import type { SpecSource } from "../../ports/spec-source.ts";
import { gitSettings } from "../git/git-settings.ts";
import { gitSource } from "../git/git-source.ts";
import { gitWriter } from "../git/git-writer.ts";
import { directorySource } from "./directory.ts";
import { gitDirectory } from "./source-roots.ts";
import { specWriter } from "./writer.ts";

export interface SourcesOptions {
  readonly sources: readonly SourceConfiguration[];
  readonly stateDir: string;
  readonly trust: "owner" | "path";
  readonly admins: { readonly users: readonly string[]; readonly groups: readonly string[] };
  readonly identity: Identity;
  readonly log: Log;
}

/** The sources that the configuration names. */
export function specSources(options: SourcesOptions): readonly SpecSource[] {
  return options.sources.map((configured) => sourceOf(configured, options));
}

/** Writes what is changed through the API: into the first directory; where there is none, it tells what to change. */
export function sourcesWriter({
  sources,
  identity,
}: Pick<SourcesOptions, "sources" | "identity">): SpecWriter {
  const first = sources.find(({ directory }) => directory !== undefined);
  if (first?.directory !== undefined) {
    return specWriter({ source: first.name, root: first.directory.path, identity });
  }
  const repositories = sources.flatMap(({ git }) => (git === undefined ? [] : [gitSettings(git)]));
  return gitWriter(
    repositories.map(({ place }) => place),
    repositories.flatMap(({ push }) => push?.branches ?? []),
  );
}

function sourceOf(
  { name, directory, git }: SourceConfiguration,
  { stateDir, trust, identity, log, admins }: SourcesOptions,
): SpecSource {
  if (git !== undefined) {
    return gitSource({ name, directory: gitDirectory(stateDir, name), log, ...gitSettings(git) });
  }
  const isAdmin = async (user: { readonly name: string; readonly uid: number }): Promise<boolean> =>
    user.uid === 0 || (await isNamedAdmin(user.name, admins, identity));
  return directorySource({ name, root: directory?.path ?? "", trust, identity, isAdmin, log });
}

async function isNamedAdmin(
  name: string,
  admins: SourcesOptions["admins"],
  identity: Identity,
): Promise<boolean> {
  if (admins.users.includes(name)) return true;
  if (admins.groups.length === 0) return false;
  const groups = await identity.groupsOf(name);
  return groups.some((group) => admins.groups.includes(group));
}
