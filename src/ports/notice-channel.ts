import type { Notice } from "../core/notice.ts";

/** Whose terminals a notice is for; what is null is not known, or not there. */
export interface NoticeTarget {
  /** First process of the container. */
  readonly pid: number | null;
  readonly containerId: string | null;
  /** Of the owner on this machine. */
  readonly uid: number | null;
}

/** A way to tell people something. */
export interface NoticeChannel {
  /** For the log: `webhook`. */
  readonly name: string;
  /** Within ten seconds; rejects with an Error that says why it was not delivered. */
  send(notice: Notice, target: NoticeTarget): Promise<void>;
}
