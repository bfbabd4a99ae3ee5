import { describe, expect, it } from "vitest";
import { confirmationOf, type BlockedPrune } from "../api/blocked-prune.ts";
import { blockedBy } from "./prune-confirmation.ts";

const revision = "3f2a91c0b7de55aa3f2a91c0b7de55aa3f2a91c0";
const ofGit: BlockedPrune = { token: "11111111", revision, objects: ["alice/one", "alice/two"], reason: "x" };
const ofDirectory: BlockedPrune = { token: "22222222", revision: null, objects: ["bob/three"], reason: "x" };
const both = [ofGit, ofDirectory];

describe("what confirms a deletion that is held back", () => {
  it("is its token, or the revision that it was shown for, whole or as its first seven characters", () => {
    for (const word of ["11111111", revision, revision.toUpperCase(), revision.slice(0, 7)]) {
      expect(blockedBy(word, both)).toBe(ofGit);
    }
    expect(blockedBy("22222222", both)).toBe(ofDirectory);
  });

  it("is shown as the revision where there is one", () => {
    expect(both.map(confirmationOf)).toEqual(["3f2a91c0b7de", "22222222"]);
  });

  it.each(["", "3f2a91", "0".repeat(40), "2222222"])("is not %j, and what waits now is told", (word) => {
    expect(() => blockedBy(word, both)).toThrow(
      `nothing is held back under "${word}" (any more); what waits now is 3f2a91c0b7de (token 11111111): alice/one, alice/two; 22222222: bob/three`,
    );
    expect(() => blockedBy(word, [])).toThrow("nothing waits now");
  });

  it("is the token where two sources are at the same revision", () => {
    const other = { ...ofGit, token: "33333333", objects: ["carol/four"] };
    expect(() => blockedBy(revision, [ofGit, other])).toThrow("stands for several sets");
    expect(blockedBy("33333333", [ofGit, other])).toBe(other);
  });
});
