import type { EventObject } from "../../api/event.ts";
import type { SourceObject } from "../../api/source-columns.ts";
import { ageText } from "../../api/relative-time.ts";
import { renderEvents } from "./description.ts";
import type { DescriptionStyle } from "./description.ts";
import { renderFields } from "./fields.ts";

/** A source: where it is, what of it is in effect, and how the last look at it ended. */
export function renderSource(
  { metadata, spec, status }: SourceObject,
  events: readonly EventObject[],
  style: DescriptionStyle,
): string {
  const ago = (time: string | undefined): string => {
    const age = ageText(time, style.nowMs);
    return age === null ? "" : `, ${age} ago`;
  };
  const { appliedRevision, appliedAt, revision, lastAttempt, suspended } = status ?? {};
  return [
    renderFields([
      ["Name", [metadata.name]],
      ["Type", [spec?.type ?? ""]],
      ["URL", [spec?.url ?? ""]],
      ["Ref", given(spec?.ref)],
      ["Path", given(spec?.path)],
      ["Status", status === undefined ? [] : [`${status.reason}: ${status.message}`]],
      [
        "Suspended",
        suspended === undefined ? [] : [`${suspended.since}${ago(suspended.since)}, by ${suspended.by}`],
      ],
      ["Applied", appliedRevision === undefined ? [] : [`${appliedRevision}${ago(appliedAt)}`]],
      ["Signed by", given(status?.signer)],
      ["Newest", given(revision)],
      ["Last attempt", lastAttempt === undefined ? [] : [`${lastAttempt}${ago(lastAttempt)}`]],
    ]),
    renderEvents(events, style),
  ].join("");
}

function given(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value];
}
