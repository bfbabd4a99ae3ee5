import { describe, expect, it, test } from "vitest";
import { DeniedError, NotFoundError } from "../util/errors.ts";
import type { Invocation } from "./command.ts";
import type { Context } from "./context.ts";
import { start } from "./verbs/start.ts";
import { stop } from "./verbs/stop.ts";
import { unpause } from "./verbs/unpause.ts";

/** A command line of alice's whose controller has one container; `calls` are what it was asked to change. */
function commandLine(isOverridden = false): {
  readonly context: Context;
  readonly printed: string[];
  readonly calls: unknown[][];
} {
  const [printed, calls]: [string[], unknown[][]] = [[], []];
  const client = {
    get: async () => ({ spec: { desiredState: "Running" } }),
    overrideStop: async (...call: unknown[]) => {
      calls.push(call);
      return { until: "2026-11-30T11:00:00Z" };
    },
    endOverride: async (...call: unknown[]) => {
      if (!isOverridden) throw new NotFoundError({ reason: "NotOverridden", message: "there is none" });
      calls.push(call);
    },
  };
  const print = (text: string): void => void printed.push(text);
  const context = { client, namespace: "alice", print, tell: () => undefined };
  // Only what the verbs use of it.
  return { context: context as unknown as Context, printed, calls };
}

async function run(verb: typeof stop, options: object, context: Context): Promise<number> {
  const invocation = { options: { namespace: "alice", ...options }, positionals: ["train"], rest: undefined };
  // As the parser would fill them in.
  return verb.run(invocation as unknown as Invocation, context);
}

describe("ds01 stop --override", () => {
  test("asks for the time and tells until when", async () => {
    const { context, printed, calls } = commandLine();
    expect(await run(stop, { override: "2h", reason: "a talk" }, context)).toBe(0);
    expect(calls).toEqual([[expect.objectContaining({ namespace: "alice", name: "train" }), "2h", "a talk"]]);
    expect(printed).toEqual(["container/train stopping (override until 2026-11-30T11:00:00Z)\n"]);
  });

  it.each([
    [{ override: "soon" }, "--override needs a time"],
    [{ override: "2h", reason: " " }, "--reason needs a text"],
    [{ reason: "a talk" }, "--reason is for --override"],
  ])("refuses %j", async (options, message) => {
    const { context, calls } = commandLine();
    await expect(run(stop, options, context)).rejects.toThrow(message);
    expect(calls).toEqual([]);
  });
});

describe("ds01 start", () => {
  test("ends an override, and says what the file says", async () => {
    const { context, printed, calls } = commandLine(true);
    expect(await run(start, {}, context)).toBe(0);
    expect(calls).toHaveLength(1);
    expect(printed).toEqual(["container/train: its override has ended (desiredState: Running)\n"]);
  });

  test("is refused to who may not end one, and there alone", async () => {
    const denied = new DeniedError({ reason: "Forbidden", message: "containers is forbidden" });
    const { context, printed } = commandLine();
    const { client } = context;
    const others = (status: object): Context => {
      const get = async (): Promise<object> => ({ spec: {}, status });
      return {
        ...context,
        client: { ...client, get, endOverride: async () => Promise.reject(denied) },
      } as never;
    };
    await expect(run(start, {}, others({ override: {} }))).rejects.toThrow("forbidden");
    await run(start, {}, others({}));
    expect(printed).toEqual(["container/train unchanged (desiredState is Running already)\n"]);
  });

  test("goes on as ever where there is none, and to unpause ends none", async () => {
    const plain = commandLine();
    await run(start, {}, plain.context);
    expect(plain.printed).toEqual(["container/train unchanged (desiredState is Running already)\n"]);
    const overridden = commandLine(true);
    await run(unpause, {}, overridden.context);
    expect(overridden.calls).toEqual([]);
  });
});
