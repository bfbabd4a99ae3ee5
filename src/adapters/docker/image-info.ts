import { saysRequirement } from "../../core/cuda-fit.ts";
import type { ImageInfo } from "../../ports/container-runtime.ts";

/** What ds01 reads of `GET /images/NAME/json`. */
export interface ImageJson {
  readonly Id: string;
  readonly Config?: { readonly Env?: readonly string[] | null } | null;
}

/** An image as the engine knows it; of its variables only those that say which driver it needs. */
export function imageInfo({ Id: id, Config: config }: ImageJson, reference: string): ImageInfo {
  const said = (config?.Env ?? []).flatMap((line) => {
    const [name = "", ...value] = line.split("=");
    return saysRequirement(name) ? [[name, value.join("=")] as const] : [];
  });
  return said.length === 0 ? { id, reference } : { id, reference, requirements: Object.fromEntries(said) };
}
