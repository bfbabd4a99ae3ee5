import { describe, expect, test } from "vitest";
import { createLog } from "../../src/adapters/log/pino-log.ts";
import type { LogFormat, LogLevel } from "../../src/adapters/log/pino-log.ts";
import type { Log } from "../../src/ports/log.ts";
import { StalledError } from "../../src/util/errors.ts";

function capture(
  format: LogFormat,
  level?: LogLevel,
): { log: Log; lines: string[]; parsed: () => Record<string, unknown>[] } {
  const lines: string[] = [];
  const destination = { write: (line: string) => lines.push(line) };
  return {
    log: createLog({ format, destination, ...(level === undefined ? {} : { level }) }),
    lines,
    parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

describe("log", () => {
  test("writes one JSON line with level, time, message and fields", () => {
    const { log, parsed } = capture("json");
    log.child({ kind: "ContainerSpec" }).info({ namespace: "alice" }, "ready");
    expect(parsed()).toEqual([
      {
        level: "info",
        time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
        kind: "ContainerSpec",
        namespace: "alice",
        msg: "ready",
      },
    ]);
  });

  test("leaves out what is below its level", () => {
    const quiet = capture("json", "warn");
    quiet.log.info({}, "no");
    quiet.log.warn({}, "yes");
    const usual = capture("json");
    usual.log.debug({}, "no");
    usual.log.info({}, "yes");
    for (const { parsed } of [quiet, usual]) expect(parsed().map(({ msg }) => msg)).toEqual(["yes"]);
  });

  test("never shows the value of an environment variable", () => {
    const { log, lines } = capture("json", "debug");
    const secret = "s3cr3t-value";
    log.info({ env: [{ name: "TOKEN", value: secret }], Env: [`TOKEN=${secret}`, `A=b=${secret}`] }, "one");
    log.info(
      { spec: { container: [{ environment: { TOKEN: secret } }] }, Config: { Env: [`TOKEN=${secret}`] } },
      "two",
    );
    log.child({ env: { TOKEN: secret } }).error({ request: { body: { Env: secret } } }, "three");
    const failure = Object.assign(new Error("no"), { json: { Env: [secret] }, options: { env: secret } });
    log.error({ err: failure }, "four");
    log.error({ err: new Error("outer", { cause: failure }) }, "five");
    expect(lines).toHaveLength(5);
    expect(lines.join("")).not.toContain(secret);
    expect(lines[0]).toContain("TOKEN");
  });

  test("shows of an error its message, reason, remedy, cause and stack", () => {
    const { log, parsed } = capture("json");
    const cause = Object.assign(new Error("inner"), { code: "ENOSPC" });
    log.error(
      { err: new StalledError({ reason: "NoImage", message: "outer", remedy: "pull it", cause }) },
      "failed",
    );
    expect(parsed()[0]?.["err"]).toMatchObject({
      type: "StalledError",
      message: "outer",
      reason: "NoImage",
      remedy: "pull it",
      stack: expect.stringContaining("pino-log.test") as string,
      cause: { message: "inner", code: "ENOSPC" },
    });
  });

  test("does not fail on what JSON cannot hold", () => {
    const { log, lines } = capture("json");
    const loop: Record<string, unknown> = {};
    loop["self"] = loop;
    log.info({ loop, big: 1n, nothing: undefined, when: new Date(0) }, "odd");
    expect(lines[0]).toContain("1970-01-01T00:00:00.000Z");
  });

  test("writes a line for people, its fields behind the message, without control characters", () => {
    const { log, lines } = capture("pretty");
    log.warn({ namespace: "alice", count: 2, text: "two words" }, "said \u001b[31mred\n and more");
    log.error({ err: new Error("broken") }, "failed");
    expect(lines[0]).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} WARN {2}said \\u001b\[31mred\\n and more {2}namespace=alice {2}count=2 {2}text="two words"\n$/,
    );
    expect(lines[1]).toMatch(/ ERROR failed\n {4}Error: broken\n {8}at /);
  });
});
