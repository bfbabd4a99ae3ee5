import { expect, it } from "vitest";
import { parseArguments } from "../arguments.ts";
import type { Context } from "../context.ts";
import { plain } from "../terminal.ts";
import { stats } from "./stats.ts";

async function run(line: readonly string[], isTTY: boolean): Promise<{ asked: unknown[]; printed: string }> {
  const asked: unknown[] = [];
  let printed = "";
  const client = {
    containerUsage: async (namespace: string | undefined) => {
      asked.push(namespace ?? "all");
      if (asked.length > 1) throw new Error("asked again");
      return { items: [] };
    },
  };
  const context = {
    client,
    stdout: { isTTY },
    paint: plain,
    environment: { DS01_NAMESPACE: "alice" },
    print: (text: string) => (printed += text),
  };
  // Only what `stats` uses of it.
  await stats.run(parseArguments(line, stats.options).invocation, context as unknown as Context);
  return { asked, printed };
}

it("shows containers as top does: yours, another's, or all that you may see", async () => {
  expect((await run([], false)).asked).toEqual(["alice"]);
  expect((await run(["-n", "bob"], false)).asked).toEqual(["bob"]);
  expect((await run(["-A", "-o", "json"], false)).asked).toEqual(["all"]);
});

it("ends after one table on a terminal when told so, in either word", async () => {
  expect((await run(["--no-stream"], true)).asked).toEqual(["alice"]);
  expect((await run(["--once"], true)).asked).toEqual(["alice"]);
});

it("takes no names: it shows a whole namespace", async () => {
  await expect(run(["train"], false)).rejects.toThrow('found "train"');
});
