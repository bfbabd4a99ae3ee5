import { expect, it, test } from "vitest";
import { parseArguments } from "../arguments.ts";
import type { Context } from "../context.ts";
import { undelete } from "./undelete.ts";

async function bringBack(word: string): Promise<number> {
  const client = { deletedObjects: async () => [] };
  const context = { client, environment: { DS01_NAMESPACE: "alice" } } as unknown as Context;
  return await undelete.run(parseArguments([word], undelete.options).invocation, context);
}

test.each([
  ["contianer/train", 'unknown kind "contianer", did you mean "container"?'],
  ["gpu/1", "a gpu is declared by nobody and cannot be deleted"],
  ["quota/", '"quota/" is not KIND/NAME'],
])("%s is a mistake of whoever types it", async (word, message) => {
  await expect(bringBack(word)).rejects.toMatchObject({ name: "UsageError", message });
});

it("is a container unless a kind says otherwise", async () => {
  for (const [word, what] of [
    ["train", "container/train"],
    ["ctr/train", "container/train"],
    ["quota/all", "quota/all"],
  ] as const) {
    const message = `no ${what} was deleted within the last day`;
    await expect(bringBack(word)).rejects.toMatchObject({ reason: "NothingDeleted", message });
  }
});
