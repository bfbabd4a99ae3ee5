import { imageUserText } from "../../api/image-columns.ts";
import type { ImageStatus, ImageUser } from "../../api/image.ts";
import { buildLabels, buildRepository, builderOf } from "../build.ts";
import { mayBeImageId } from "../quota/image-name.ts";
import { canonicalReference } from "../similar-images.ts";

/** What the engine says of an image. */
export interface ImageFacts {
  readonly id: string;
  readonly names: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

interface ObjectName {
  readonly namespace: string;
  readonly name: string;
}

/** The images that the spec of an object needs. */
export interface ImageNeed extends ObjectName {
  readonly canonical: readonly string[];
  /** What Docker may take for the beginning of an id. */
  readonly ids: readonly string[];
}

/** What a spec needs, from the references that it has. */
export function imageNeed({ namespace, name }: ObjectName, references: readonly string[]): ImageNeed {
  return {
    namespace,
    name,
    canonical: references.map(canonicalReference),
    ids: references.filter(mayBeImageId).map(bareId),
  };
}

/** Everything that can keep an image, as one moment has it. */
export interface ImageSituation {
  readonly instance: string;
  /** Every container of the engine; `owner` is null for those that this ds01 did not make. */
  readonly containers: readonly {
    readonly imageId: string;
    readonly owner: ObjectName | null;
    readonly name: string;
  }[];
  /** By object the images that its spec needs. */
  readonly needs: readonly ImageNeed[];
  /** Objects of which nobody knows what they need. */
  readonly unknown: readonly (ObjectName & { readonly why: string })[];
  readonly building: readonly ObjectName[];
  readonly aliases: readonly {
    readonly reference: string;
    readonly imageId: string;
    readonly namespaces: readonly string[];
  }[];
}

/**
 * Where an image comes from, who uses it, and whether it may go: only what this ds01 has built, nothing and nobody
 * uses and nobody has given another name. What is not known counts as use.
 */
export function imageUse(image: ImageFacts, situation: ImageSituation): ImageStatus {
  const builtFor = builtForOf(image);
  const aliases = aliasesOf(image, situation);
  const usedBy = usersOf(image, situation);
  const keptBecause = whyKept(image, { builtFor, usedBy }, situation);
  const origin = builtFor !== null ? "Built" : aliases.length > 0 ? "Aliased" : "Other";
  return {
    origin,
    ...(builtFor === null ? {} : { builtFor }),
    ...(aliases.length === 0 ? {} : { aliases }),
    usedBy,
    prunable: keptBecause === null,
    ...(keptBecause === null ? {} : { keptBecause }),
  };
}

function builtForOf({ labels }: ImageFacts): ObjectName | null {
  const namespace = builderOf(labels);
  const name = labels[buildLabels.name];
  return namespace === null || namespace === "" || name === undefined ? null : { namespace, name };
}

function aliasesOf(
  { id, names }: ImageFacts,
  { aliases }: ImageSituation,
): { name: string; users: string[] }[] {
  return names.flatMap((name) => {
    const canonical = canonicalReference(name);
    const own = aliases.find(({ reference, imageId }) => imageId === id && reference === canonical);
    return own === undefined ? [] : [{ name, users: [...own.namespaces] }];
  });
}

function usersOf(image: ImageFacts, { containers, needs }: ImageSituation): ImageUser[] {
  const canonical = new Set(image.names.map(canonicalReference));
  const id = bareId(image.id);
  const specs = needs
    .filter(
      (need) =>
        need.canonical.some((reference) => canonical.has(reference)) ||
        need.ids.some((start) => id.startsWith(start)),
    )
    .map(({ namespace, name }): ImageUser => ({ type: "Spec", namespace, name }));
  const made = containers
    .filter(({ imageId }) => imageId === image.id)
    .map(({ owner, name }): ImageUser => ({ type: "Container", ...(owner ?? { name }) }));
  return [...new Map([...specs, ...made].map((user) => [JSON.stringify(user), user])).values()];
}

function bareId(id: string): string {
  return id.toLowerCase().replace(/^sha\d+:/, "");
}

interface Found {
  readonly builtFor: ObjectName | null;
  readonly usedBy: readonly ImageUser[];
}

function whyKept(
  image: ImageFacts,
  { builtFor, usedBy }: Found,
  { instance, building, unknown }: ImageSituation,
): string | null {
  if (builtFor === null) return "ds01 did not build it";
  const builder = image.labels[buildLabels.instance];
  if (builder !== instance) return `another ds01 ("${builder ?? "unnamed"}") built it`;
  if (usedBy.length > 0) return useText(usedBy);
  const shared = image.names.find((name) => !isOwnName(name, builtFor));
  if (shared !== undefined) return `it is called ${shared} as well`;
  const isOwn = ({ namespace, name }: ObjectName): boolean =>
    namespace === builtFor.namespace && name === builtFor.name;
  const object = `${builtFor.namespace}/${builtFor.name}`;
  if (building.some(isOwn)) return `${object} is being built`;
  const doubt = unknown.find(isOwn);
  return doubt === undefined ? null : `nobody knows what ${object} needs: ${doubt.why}`;
}

/** A name that ds01 gave it; another one somebody has given it to share it. */
function isOwnName(name: string, { namespace, name: object }: ObjectName): boolean {
  const repository = buildRepository(namespace, object);
  return name.startsWith(`${repository}:`) || name.startsWith(`${repository}@`);
}

/** That they use it, the first few by name. */
export function useText(users: readonly ImageUser[]): string {
  const words = [...new Set(users.map(imageUserText))];
  const more = words.length > 4 ? [`${words.length - 3} more`] : [];
  const shown = more.length > 0 ? [...words.slice(0, 3), ...more] : words;
  const last = shown.at(-1) ?? "";
  return shown.length === 1 ? `${last} uses it` : `${shown.slice(0, -1).join(", ")} and ${last} use it`;
}
