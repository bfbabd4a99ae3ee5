import type { EventObject } from "../../api/event.ts";
import { type ImageObject, imageUserText, originText } from "../../api/image-columns.ts";
import type { ImageUser } from "../../api/image.ts";
import { formatBytes } from "../../util/quantity.ts";
import { renderEvents } from "./description.ts";
import type { DescriptionStyle } from "./description.ts";
import { renderFields } from "./fields.ts";

/** An image: its names, what made it, who uses it, and whether it may go. */
export function renderImage(
  { metadata, spec, status }: ImageObject,
  events: readonly EventObject[],
  style: DescriptionStyle,
): string {
  return [
    renderFields([
      ["Name", [metadata.name]],
      ["Id", spec === undefined ? [] : [spec.id]],
      ["Names", spec?.names ?? []],
      ["Size", spec === undefined ? [] : [sizeText(spec)]],
      ["Created", [metadata.creationTimestamp ?? ""]],
      ["Origin", status === undefined ? [] : [originText(status)]],
      ["Used by", (status?.usedBy ?? []).map(userText)],
      ["Pruned", status === undefined ? [] : [prunedText(status)]],
    ]),
    renderEvents(events, style),
  ].join("");
}

function sizeText({ sizeBytes, sharedBytes }: NonNullable<ImageObject["spec"]>): string {
  const shared = sharedBytes === undefined ? "" : `, ${formatBytes(sharedBytes)} of it shared`;
  return `${formatBytes(sizeBytes)}${shared}`;
}

function userText(user: ImageUser): string {
  if (user.namespace === undefined) return imageUserText(user);
  return `${user.type === "Spec" ? "spec" : "container"} ${imageUserText(user)}`;
}

function prunedText({ prunable, keptBecause = "" }: NonNullable<ImageObject["status"]>): string {
  return prunable ? "by `ds01 prune images`" : `no: ${keptBecause}`;
}
