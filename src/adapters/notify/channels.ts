import type { NotificationConfiguration } from "../../api/notification-configuration.ts";
import type { NoticeChannel } from "../../ports/notice-channel.ts";
import { commandChannel } from "./command.ts";
import { terminalsChannel } from "./terminals.ts";
import { webhookChannel } from "./webhook.ts";

/** The ways that the configuration names; the terminals unless it says otherwise. */
export function noticeChannels({
  terminals = true,
  command,
  webhook,
}: NotificationConfiguration): readonly NoticeChannel[] {
  return [
    ...(terminals ? [terminalsChannel()] : []),
    ...(command === undefined ? [] : [commandChannel(command)]),
    ...(webhook === undefined ? [] : [webhookChannel(webhook)]),
  ];
}
