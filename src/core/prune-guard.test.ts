import { describe, expect, it } from "vitest";
import { judgePrune } from "./prune-guard.ts";

const objects = (count: number): string[] => Array.from({ length: count }, (_, index) => `alice/c${index}`);
const calm = {
  cameBackEmpty: false,
  heldBack: false,
  missingDirectories: [],
  retiredSources: [],
  unreadSources: [],
  toConfirm: [],
};

describe("the prune guard", () => {
  it("lets few go, however many there are, and a small share of many", () => {
    expect(judgePrune({ ...calm, vanished: objects(3), total: 4 })).toEqual({ type: "allowed" });
    expect(judgePrune({ ...calm, vanished: objects(20), total: 100 })).toEqual({ type: "allowed" });
    expect(judgePrune({ ...calm, cameBackEmpty: true, heldBack: true, vanished: [], total: 4 })).toEqual({
      type: "allowed",
    });
  });

  it("holds back more than three that are more than a fifth, with the numbers and a token", () => {
    const verdict = judgePrune({ ...calm, vanished: objects(5), total: 6 });
    expect(verdict).toMatchObject({ type: "blocked", token: expect.stringMatching(/^[0-9a-f]{8}$/) });
    expect(verdict).toMatchObject({ message: expect.stringContaining("5 of 6 objects vanished at once") });
    expect(judgePrune({ ...calm, vanished: objects(21), total: 100 })).toMatchObject({ type: "blocked" });
  });

  it("holds back even one when the directory came back empty", () => {
    expect(judgePrune({ ...calm, cameBackEmpty: true, vanished: objects(1), total: 1 })).toMatchObject({
      message: expect.stringContaining("came back empty"),
    });
  });

  it("holds back when a user's whole directory is gone, and names it", () => {
    expect(
      judgePrune({ ...calm, missingDirectories: ["users/alice"], vanished: objects(1), total: 9 }),
    ).toMatchObject({ message: expect.stringContaining("users/alice is gone as a whole") });
    const both = {
      ...calm,
      missingDirectories: ["users/alice", "users/bob"],
      vanished: objects(2),
      total: 9,
    };
    expect(judgePrune(both)).toMatchObject({
      message: "users/alice, users/bob are gone as a whole; 2 of 9 objects would be removed",
    });
    expect(
      judgePrune({ ...both, missingDirectories: [], toConfirm: ["alice/c0", "alice/c1"] }),
    ).toMatchObject({
      message: expect.stringMatching(/^alice\/c0, alice\/c1 want to be confirmed/) as string,
    });
  });

  it("blocks while another source, which may have them by now, could not be read", () => {
    expect(judgePrune({ ...calm, unreadSources: ["lab"], vanished: objects(1), total: 9 })).toMatchObject({
      type: "blocked",
      message: expect.stringContaining('they may be in "lab"') as string,
    });
  });

  it("goes on holding back the few that are left while the others come back", () => {
    expect(judgePrune({ ...calm, heldBack: true, vanished: objects(1), total: 6 })).toMatchObject({
      type: "blocked",
      message: expect.stringContaining("1 of 6 objects is still missing"),
    });
  });

  it("names the set by its token, in whatever order it comes", () => {
    const one = judgePrune({ ...calm, vanished: objects(5), total: 5 });
    expect(judgePrune({ ...calm, vanished: objects(5).toReversed(), total: 5 })).toEqual(one);
    expect(judgePrune({ ...calm, vanished: objects(4), total: 5 })).not.toMatchObject({
      token: one.type === "blocked" ? one.token : "",
    });
  });
});
