import type { ImageBuild } from "../api/image-build.ts";
import { canonicalJson, sha256 } from "../util/hash.ts";

/** Where images that ds01 builds stand; nobody else's specs may name them. */
export const buildRepositories = "ds01-build";

/** Labels of images that ds01 has built. */
export const buildLabels = {
  built: "ds01.build",
  user: "ds01.user",
  name: "ds01.name",
  instance: "ds01.instance",
} as const;

/** Whose build an image is, or is made from; null: nobody's. */
export function builderOf(own: Readonly<Record<string, string>>): string | null {
  return own[buildLabels.built] === "true" ? (own[buildLabels.user] ?? "") : null;
}

const plainPart = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/;

/** The repository of the images built for an object: `ds01-build/alice/train`. */
export function buildRepository(namespace: string, name: string): string {
  return `${buildRepositoriesOf(namespace)}/${repositoryPart(name)}`;
}

/** What all repositories of images built for a user begin with: `ds01-build/alice`. */
export function buildRepositoriesOf(namespace: string): string {
  return `${buildRepositories}/${repositoryPart(namespace)}`;
}

/** A user's name may have letters that no repository may have; the hash keeps two of them apart. */
function repositoryPart(word: string): string {
  if (plainPart.test(word) && !/-[0-9a-f]{8}$/.test(word)) return word;
  const clean = word
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
  return `${clean === "" ? "x" : clean}-${sha256(word).slice(0, 8)}`;
}

/** The name of what comes of a build: another one whenever a file, an argument or the target is another. */
export function buildReference(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  { dockerfile, args = {}, target }: ImageBuild,
  contextHash: string,
): string {
  const hash = sha256(canonicalJson({ dockerfile, args, target: target ?? null, contextHash }));
  return `${buildRepository(namespace, name)}:${hash.slice(0, 16)}`;
}
