import { describe, expect, it } from "vitest";
import type { EventObject } from "../api/event.ts";
import { noticeLine, noticeOf, usualNoticeReasons } from "./notice.ts";

function event(reason: string, kind = "ContainerSpec"): EventObject {
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "e", namespace: "alice", uid: "1", resourceVersion: "1", creationTimestamp: "" },
    type: "Warning",
    reason,
    message: "idle for 20m",
    involvedObject: { apiVersion: "ds01.io/v1alpha1", kind, namespace: "alice", name: "train", uid: "u" },
    source: { component: "ds01" },
    count: 1,
    firstTimestamp: "2026-11-23T12:00:00Z",
    lastTimestamp: "2026-11-23T12:10:00Z",
  };
}

describe("a notice", () => {
  it("is made of an event that people want to be told of, and of no other", () => {
    expect(noticeOf(event("IdleSoon"), usualNoticeReasons)).toEqual({
      time: "2026-11-23T12:10:00Z",
      type: "Warning",
      reason: "IdleSoon",
      user: "alice",
      name: "train",
      message: "idle for 20m",
    });
    expect(noticeOf(event("Started"), usualNoticeReasons)).toBeNull();
    expect(noticeOf(event("IdleSoon", "Gpu"), usualNoticeReasons)).toBeNull();
  });

  it("is plain text on a terminal, whatever stands in it", () => {
    const notice = noticeOf({ ...event("IdleSoon"), message: "a\u001b[2Jb\nc" }, usualNoticeReasons);
    expect(notice === null ? "" : noticeLine(notice)).toBe("ds01: alice/train a [2Jb c");
  });
});
