import { builderOf } from "../../core/build.ts";
import { saysRequirement } from "../../core/cuda-fit.ts";
import type { ImageInfo, ListedImage } from "../../ports/container-runtime.ts";

/** What ds01 reads of `GET /images/NAME/json`. */
export interface ImageJson {
  readonly Id: string;
  readonly Config?: {
    readonly Env?: readonly string[] | null;
    readonly Labels?: Readonly<Record<string, string>> | null;
    readonly OnBuild?: readonly string[] | null;
  } | null;
}

/** An image as the engine knows it; of its variables only those that say which driver it needs. */
export function imageInfo({ Id: id, Config: config }: ImageJson, reference: string): ImageInfo {
  const said = (config?.Env ?? []).flatMap((line) => {
    const [name = "", ...value] = line.split("=");
    return saysRequirement(name) ? [[name, value.join("=")] as const] : [];
  });
  const builtFor = builderOf(config?.Labels ?? {});
  const onBuild = config?.OnBuild ?? [];
  return {
    id,
    reference,
    ...(said.length === 0 ? {} : { requirements: Object.fromEntries(said) }),
    ...(builtFor === null ? {} : { builtFor }),
    ...(onBuild.length === 0 ? {} : { onBuild }),
  };
}

/** What ds01 reads of a row of `GET /images/json`. */
export interface ImageRowJson {
  readonly Id: string;
  readonly RepoTags?: readonly string[] | null;
  readonly RepoDigests?: readonly string[] | null;
  readonly Size: number;
  /** -1 where it was not asked for. */
  readonly SharedSize?: number;
  /** Seconds since the epoch. */
  readonly Created: number;
  readonly Labels?: Readonly<Record<string, string>> | null;
}

/** A row of the list of images. */
export function listedImage(row: ImageRowJson): ListedImage {
  const references = [...(row.RepoTags ?? []), ...(row.RepoDigests ?? [])];
  return {
    id: row.Id,
    // What has no name is listed as <none>.
    references: references.filter((reference) => !reference.includes("<none>")),
    sizeBytes: row.Size,
    sharedBytes: row.SharedSize === undefined || row.SharedSize < 0 ? null : row.SharedSize,
    createdAt: row.Created * 1000,
    labels: row.Labels ?? {},
  };
}

/** Name and tag of a reference as the Engine API wants them apart; without a tag it is `latest`. */
export function repositoryAndTag(reference: string): { readonly repo: string; readonly tag: string } {
  const colon = reference.indexOf(":", reference.lastIndexOf("/") + 1);
  if (colon < 0) return { repo: reference, tag: "latest" };
  return { repo: reference.slice(0, colon), tag: reference.slice(colon + 1) };
}
