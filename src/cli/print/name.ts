import { kindByWord } from "../../api/names.ts";

/** `container/train`: how commands and people name an object. */
export function renderName(object: {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}): string {
  return `${kindByWord(object.kind)?.singular ?? object.kind.toLowerCase()}/${object.metadata.name}`;
}
