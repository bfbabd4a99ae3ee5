import { describe, expect, it } from "vitest";
import type { Phase } from "../../api/container.ts";
import type { Invocation } from "../command.ts";
import type { Context } from "../context.ts";
import { plain } from "../terminal.ts";
import { emergencyStop } from "./emergency-stop.ts";

/** A command line whose controller shows alice's container in one phase after the other; the last one stays. */
function commandLine(phases: readonly Phase[]): {
  readonly context: Context;
  readonly printed: string[];
  readonly told: string[];
  readonly left: Phase[];
} {
  const [printed, told, left]: [string[], string[], Phase[]] = [[], [], [...phases]];
  const client = {
    list: async (_kind: unknown, { namespace }: { namespace?: string }) => {
      const phase = left.length > 1 ? left.shift() : left[0];
      if (namespace === "alcie" || phase === undefined) return { items: [] };
      return { items: [{ metadata: { namespace: "alice", name: "train" }, status: { phase } }] };
    },
    emergencyStop: async () => undefined,
  };
  const context = {
    client,
    paint: plain,
    print: (text: string) => printed.push(text),
    tell: (text: string) => told.push(text),
  };
  // Only what the verb uses of it.
  return { context: context as unknown as Context, printed, told, left };
}

async function stop(user: string, context: Context): Promise<number> {
  const options = { user, all: false, reason: "smoke", timeout: "20s" };
  // As the parser would fill them in.
  const invocation = { options, positionals: [], rest: undefined } as unknown as Invocation;
  return emergencyStop.run(invocation, context);
}

describe("ds01 emergency-stop", () => {
  it.each(["Allocated", "Creating", "Starting", "Running", "Degraded", "Stopping"] as const)(
    "waits for what is %s",
    async (phase) => {
      const { context, printed, left } = commandLine([phase, phase, phase, "Stopped"]);
      expect(await stop("alice", context)).toBe(0);
      expect(left).toEqual(["Stopped"]);
      expect(printed).toEqual(["alice/train stopped\n"]);
    },
  );

  it("says when nothing of that user is declared, as after a slip of the pen", async () => {
    const { context, printed, told } = commandLine(["Running"]);
    expect(await stop("alcie", context)).toBe(0);
    expect(printed).toEqual([]);
    expect(told).toEqual([
      "no containers of alcie are declared here; it holds all the same",
      "Nothing of alcie is started again until: ds01 resume --user alcie",
    ]);
  });

  it("says nothing of that where something is declared that does not run", async () => {
    const { context, told } = commandLine(["Stopped"]);
    expect(await stop("alice", context)).toBe(0);
    expect(told).toEqual(["Nothing of alice is started again until: ds01 resume --user alice"]);
  });
});
