import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Invocation } from "../command.ts";
import type { Context } from "../context.ts";
import { wait } from "./wait.ts";

/** A container that pends for ever; its watch ends only with the signal. */
function pending(): Context {
  const object = { metadata: { name: "train", resourceVersion: "1" }, status: { phase: "Pending" } };
  const client = {
    get: async () => object,
    watch: async function* (_kind: unknown, { signal }: { signal: AbortSignal }) {
      yield { type: "MODIFIED", object };
      while (!signal.aborted) await delay(20);
    },
  };
  // Only what the verb uses of it.
  return { client, namespace: "alice", print: () => undefined, tell: () => undefined } as unknown as Context;
}

async function waitFor(timeout: string): Promise<number> {
  const options = { for: "phase=Running", timeout, namespace: "alice" };
  const invocation = { options, positionals: ["container/train"], rest: undefined } as unknown as Invocation;
  return wait.run(invocation, pending());
}

describe("ds01 wait", () => {
  it("ends after its time", async () => {
    await expect(waitFor("100ms")).rejects.toThrow("waited 0.1 s for phase");
  });

  it("waits on where its time is longer than any timer of Node", async () => {
    const waiting = waitFor("40d").then(
      () => "ended",
      (error: unknown) => String(error),
    );
    expect(await Promise.race([waiting, delay(300, "waits")])).toBe("waits");
  });
});
