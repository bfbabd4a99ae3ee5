import { describe, expect, it } from "vitest";
import type { GpuUsage } from "../../api/gpu-answers.ts";
import type { Context } from "../context.ts";
import { plain } from "../terminal.ts";
import { top } from "./top.ts";

const usage: GpuUsage = {
  ready: true,
  message: "",
  devices: [0, 1, 2, 3].map((index) => ({
    slot: `${index}`,
    uuid: `GPU-${index}`,
    model: "A100",
    profile: null,
    memoryBytes: 80 * 1024 ** 3,
    memoryUsedBytes: null,
    utilizationPercent: 7 * index,
    state: "Free",
    holder: null,
    processes: [],
  })),
};

/** A command line whose controller answers `answers` times and then goes away. */
function commandLine(
  stdout: object,
  answers: number,
): { readonly context: Context; readonly printed: string[] } {
  const printed: string[] = [];
  let left = answers;
  const client = {
    gpuUsage: async (): Promise<GpuUsage> => {
      left -= 1;
      if (left < 0) throw new Error("gone");
      return usage;
    },
  };
  const context = { client, stdout, paint: plain, print: (text: string) => printed.push(text) };
  // Only what `top` uses of it.
  return { context: context as unknown as Context, printed };
}

function invocation(once: boolean): Parameters<typeof top.run>[0] {
  const options = { once, interval: "1", output: undefined } as unknown as Parameters<
    typeof top.run
  >[0]["options"];
  return { options, positionals: ["gpus"], rest: undefined };
}

describe("ds01 top gpus", () => {
  it("draws over what it drew before on a terminal, no more lines than it has, until the controller goes away", async () => {
    const { context, printed } = commandLine({ isTTY: true, rows: 4 }, 2);
    await expect(top.run(invocation(false), context)).rejects.toThrow("gone");
    expect(printed).toHaveLength(2);
    expect(printed[0]).toBe(printed[1]);
    expect(printed[0]?.startsWith("\u001b[HSLOT ")).toBe(true);
    expect(printed[0]?.endsWith("\u001b[K\n\u001b[J")).toBe(true);
    expect(printed[0]?.split("\n")).toHaveLength(4);
  });

  it.each([
    [{ isTTY: true, rows: 40 }, true],
    [{ isTTY: false }, false],
  ])("prints one whole table to %j with --once %j", async (stdout, once) => {
    const { context, printed } = commandLine(stdout, 1);
    expect(await top.run(invocation(once), context)).toBe(0);
    expect(printed.join("")).toMatch(/^SLOT .*\n0 .*\n1 .* 7% .*\n2 .*\n3 .*\n$/);
  });
});
