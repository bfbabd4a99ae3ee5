/** An image reference in one spelling. */
export interface ImageName {
  /** With its registry: `docker.io/library/ubuntu`. */
  readonly name: string;
  /** `latest` where none is written; null beside a digest, for then Docker does not look at it. */
  readonly tag: string | null;
  readonly digest: string | null;
}

/** Names under which Docker Hub answers. */
const dockerHub: readonly string[] = [
  "docker.io",
  "index.docker.io",
  "registry-1.docker.io",
  "registry.docker.io",
  "registry.hub.docker.com",
  "hub.docker.com",
];

/** Reads a reference as Docker does: `ubuntu` is `docker.io/library/ubuntu` with the tag `latest`. */
export function imageName(reference: string): ImageName {
  const [rest, digest = null] = splitOnce(reference, "@");
  const [path, tag] = splitTag(rest);
  return {
    name: fullName(path),
    tag: digest === null ? (tag ?? "latest") : null,
    digest: digest === null ? null : digest.toLowerCase(),
  };
}

/** Docker takes such a word also for the id of an image that is here, which says nothing of its name. */
export function mayBeImageId(reference: string): boolean {
  return /^(?:sha\d+:)?[0-9a-f]+$/i.test(reference);
}

/** False for an id and for a digest, by which an image can be had whoever's it is. */
export function saysName(reference: string): boolean {
  return !mayBeImageId(reference) && !reference.includes("@");
}

/**
 * Whether a pattern stands for the image. `*` is any text without a slash, `**` any text; a pattern without tag or
 * digest stands for all. An image by digest has no tag that anybody could rely on: `unknownTag` says whether it counts as
 * every one (to be denied) or as none (to be allowed).
 */
export function matchesImage(image: ImageName, pattern: string, unknownTag: boolean): boolean {
  const [rest, digest] = splitOnce(pattern, "@");
  const [path, tag] = splitTag(rest);
  if (!globOf(fullName(path)).test(image.name)) return false;
  if (digest !== undefined) return image.digest !== null && globOf(digest.toLowerCase()).test(image.digest);
  if (tag === undefined) return true;
  return image.tag === null ? unknownTag : globOf(tag).test(image.tag);
}

function fullName(path: string): string {
  const slash = path.indexOf("/");
  const first = slash < 0 ? "" : path.slice(0, slash);
  const namesRegistry =
    /[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase() || first === "**";
  if (!namesRegistry) return `docker.io/${slash < 0 && path !== "**" ? "library/" : ""}${path}`;
  const registry = first.toLowerCase().replace(/:443$/, "");
  const rest = path.slice(slash + 1);
  if (!dockerHub.includes(registry)) return `${registry}/${rest}`;
  return `docker.io/${rest.includes("/") || rest === "**" ? rest : `library/${rest}`}`;
}

/** The tag follows the last colon, unless that one belongs to the port of a registry. */
function splitTag(rest: string): readonly [path: string, tag: string | undefined] {
  const colon = rest.lastIndexOf(":");
  return colon > rest.lastIndexOf("/") ? [rest.slice(0, colon), rest.slice(colon + 1)] : [rest, undefined];
}

function splitOnce(text: string, separator: string): readonly [string, string?] {
  const place = text.indexOf(separator);
  return place < 0 ? [text] : [text.slice(0, place), text.slice(place + separator.length)];
}

function globOf(pattern: string): RegExp {
  const source = pattern
    .split(/(\*+)/)
    .map((piece) => {
      if (piece.startsWith("*")) return piece.length > 1 ? ".*" : "[^/]*";
      return piece.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&");
    })
    .join("");
  return new RegExp(`^${source}$`);
}
