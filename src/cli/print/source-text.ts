import { shortRevision } from "../../api/source-columns.ts";
import type { StatusSource } from "../../api/source-reference.ts";

/** `users/alice/train.yaml, revision 1f0c2d3a9b8e of lab` */
export function sourceText({ name, path, revision }: StatusSource): string {
  const from = name === undefined ? "" : ` of ${name}`;
  return `${path}${revision === undefined ? "" : `, revision ${shortRevision(revision)}`}${from}`;
}
