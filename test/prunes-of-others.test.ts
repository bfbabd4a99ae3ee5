import { expect, test } from "vitest";
import { NotFoundError } from "../src/util/errors.ts";
import { type ApiBed, startApiBed } from "./support/api-bed.ts";
import { runDs01 } from "./support/run-ds01.ts";

const prunes = "/apis/ds01.io/v1alpha1/prunes";

async function held(): Promise<ApiBed> {
  const bed = await startApiBed();
  bed.control.prunes = [
    { revision: null, token: "mixed", objects: ["alice/train", "bob/secret"], reason: "2 of 3 vanished" },
    { revision: null, token: "foreign", objects: ["bob/other"], reason: "1 of 2 vanished" },
  ];
  bed.actAs("alice");
  return bed;
}

async function confirm(bed: ApiBed, token: string): Promise<{ code: number; text: string }> {
  return bed.call("POST", prunes, { body: JSON.stringify({ token }) });
}

test("a list of what is held back names nobody else's objects", async () => {
  const bed = await held();
  expect(await bed.json(prunes)).toEqual([
    { revision: null, token: "mixed", objects: ["alice/train"], others: 1, reason: "2 of 3 vanished" },
  ]);
  const { stdout } = await runDs01(["prune"], { socketPath: bed.socketPath });
  expect(stdout).toBe(
    "mixed   2 of 3 vanished\n  alice/train\n  and 1 of others\n" +
      "  an admin may delete these: ds01 prune --confirm mixed\n",
  );
  bed.actAs("root");
  expect(await bed.json(prunes)).toEqual(bed.control.prunes);
});

test("nor does the answer to a token that stands for nothing, or for what is not theirs", async () => {
  const bed = await held();
  for (const token of ["nothing", "foreign"]) {
    const { code, text } = await confirm(bed, token);
    expect(code).toBe(404);
    expect(text).toContain("what waits now is mixed: alice/train and 1 of others");
    expect(text).not.toContain("bob");
  }
  expect(await confirm(bed, "mixed")).toMatchObject({ code: 403 });
});

test("nor where the set became another at the same time", async () => {
  const bed = await held();
  bed.control.prunes = [{ revision: null, token: "mine", objects: ["alice/train"], reason: "1 of 1" }];
  bed.control.confirmPrune = async () => {
    bed.control.prunes = [{ revision: null, token: "next", objects: ["alice/train", "bob/x"], reason: "2" }];
    throw new NotFoundError({ reason: "PruneNotFound", message: "what waits now is bob/x" });
  };
  const { code, text } = await confirm(bed, "mine");
  expect(code).toBe(404);
  expect(text).toContain("next: alice/train and 1 of others");
  expect(text).not.toContain("bob");
});
