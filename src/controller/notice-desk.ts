import { noticeOf, type Notice } from "../core/notice.ts";
import type { EventObject } from "../api/event.ts";
import type { Log } from "../ports/log.ts";
import type { NoticeChannel, NoticeTarget } from "../ports/notice-channel.ts";
import { messageOf } from "../util/errors.ts";

/** More than so many that wait for one way mean that it does not work; the oldest are dropped. */
const mostWaiting = 100;

export interface NoticeDeskOptions {
  readonly channels: readonly NoticeChannel[];
  readonly reasons: readonly string[];
  readonly targetOf: (namespace: string, name: string) => Promise<NoticeTarget>;
  readonly log: Log;
}

/** Tells people of some events, each way for itself and one notice after the other; nobody waits for it. */
export class NoticeDesk {
  readonly #options: NoticeDeskOptions;
  readonly #ways: readonly Way[];

  constructor(options: NoticeDeskOptions) {
    this.#options = options;
    this.#ways = options.channels.map((channel) => ({
      channel,
      waiting: [],
      isSending: false,
      fails: false,
    }));
  }

  note(event: EventObject): void {
    const notice = noticeOf(event, this.#options.reasons);
    if (notice === null) return;
    for (const way of this.#ways) {
      way.waiting.push(notice);
      if (way.waiting.length > mostWaiting) way.waiting.shift();
      if (!way.isSending) void this.#send(way);
    }
  }

  async #send(way: Way): Promise<void> {
    const { log, targetOf } = this.#options;
    way.isSending = true;
    for (let notice = way.waiting.shift(); notice !== undefined; notice = way.waiting.shift()) {
      try {
        await way.channel.send(notice, await targetOf(notice.user, notice.name));
        way.fails = false;
      } catch (error) {
        // Told once, until it works again.
        if (!way.fails) {
          const fields = { reason: "NoticeNotDelivered", channel: way.channel.name };
          log.warn({ ...fields, message: messageOf(error) }, "people were not told");
        }
        way.fails = true;
      }
    }
    way.isSending = false;
  }
}

interface Way {
  readonly channel: NoticeChannel;
  readonly waiting: Notice[];
  isSending: boolean;
  fails: boolean;
}
