import { labels } from "../api/names.ts";
import { usualNoticeReasons } from "../core/notice.ts";
import type { ManagerPorts, ManagerSettings } from "./manager-ports.ts";
import { NoticeDesk } from "./notice-desk.ts";
import type { Recorder } from "./recorder.ts";
import type { RuntimeCache } from "./runtime-cache.ts";

/** Has people told of events from now on, in the ways that there are. */
export function tellPeople(
  { notices = [], identity, log }: ManagerPorts,
  { noticeReasons = usualNoticeReasons, instance, dryRun }: ManagerSettings,
  { cache, recorder }: { readonly cache: RuntimeCache; readonly recorder: Recorder },
): void {
  if (dryRun || notices.length === 0) return;
  const desk = new NoticeDesk({
    channels: notices,
    reasons: noticeReasons,
    log,
    targetOf: async (namespace, name) => {
      const owner = await identity.userByName(namespace);
      const container = cache
        .all()
        .find(
          ({ state, labels: own }) =>
            state === "running" &&
            own[labels.instance] === instance &&
            own[labels.user] === namespace &&
            own[labels.name] === name,
        );
      return { pid: container?.pid ?? null, containerId: container?.id ?? null, uid: owner?.uid ?? null };
    },
  });
  recorder.onChange(({ object }) => desk.note(object));
}
