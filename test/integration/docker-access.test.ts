import { once } from "node:events";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from "vitest";
import { dockerAccess } from "../../src/adapters/docker/access.ts";
import { dockerRuntime } from "../../src/adapters/docker/runtime.ts";
import type { ContainerAccess, LogOptions } from "../../src/ports/container-access.ts";
import type { ContainerRuntime } from "../../src/ports/container-runtime.ts";
import { ConflictError, NotFoundError } from "../../src/util/errors.ts";
import { waitFor } from "../bed/wait-for.ts";
import { desiredContainer } from "../support/desired-container.ts";
import { silentLog } from "../support/silent-log.ts";

const name = "access._.alice";
const everything: LogOptions = {
  follow: false,
  tail: null,
  timestamps: false,
  sinceSeconds: null,
  sinceTime: null,
  previous: false,
};
const never = new AbortController().signal;

let runtime: ContainerRuntime;
let access: ContainerAccess;

beforeAll(async () => {
  const dockerHost = `unix://${inject("bedSocket")}`;
  runtime = dockerRuntime({ dockerHost, log: silentLog() });
  access = dockerAccess({ dockerHost });
  const script = "echo one; sleep 0.5; echo two >&2; sleep 0.5; echo drei ü; exec /bin/serve";
  await runtime.create(desiredContainer(name, { command: ["/bin/sh", "-c", script] }));
  await runtime.start(name);
  await waitFor("three lines", async () => (await logText(everything)).includes("drei"));
});
afterAll(async () => {
  await runtime.stop(name, 0);
  await runtime.remove(name);
});

async function logText(options: LogOptions): Promise<string> {
  return text(await access.logs(name, options, never));
}

describe("logs", () => {
  it("gives both outputs in the order of arrival, without Docker's framing", async () => {
    expect(await logText(everything)).toBe("one\ntwo\ndrei ü\n");
  });

  it("gives the last lines, those since some seconds, and stamps", async () => {
    expect(await logText({ ...everything, tail: 1 })).toBe("drei ü\n");
    expect(await logText({ ...everything, tail: 0 })).toBe("");
    expect(await logText({ ...everything, sinceSeconds: 600 })).toBe("one\ntwo\ndrei ü\n");
    expect(await logText({ ...everything, sinceSeconds: 0 })).toBe("");
    expect(await logText({ ...everything, sinceTime: Date.now() - 600_000 })).toContain("one");
    expect(await logText({ ...everything, sinceTime: Date.now() })).toBe("");
    expect(await logText({ ...everything, timestamps: true, tail: 1 })).toMatch(
      /^\d{4}-\d\d-\d\dT\S+Z drei ü\n$/,
    );
  });

  it("follows until the signal", async () => {
    const end = new AbortController();
    const stream = await access.logs(name, { ...everything, follow: true, tail: 1 }, end.signal);
    const [chunk] = (await once(stream, "data")) as [Buffer];
    expect(String(chunk)).toBe("drei ü\n");
    const closed = once(stream, "close").catch((error: unknown) => error);
    end.abort();
    await closed;
    expect(stream.destroyed).toBe(true);
  });

  it("says that there is no such container", async () => {
    await expect(access.logs("access-none", everything, never)).rejects.toThrowError(NotFoundError);
  });
});

describe("exec", () => {
  it("keeps the outputs apart and ends with the exit code", async () => {
    const command = ["/bin/sh", "-c", "echo out; echo err >&2; exit 7"];
    const session = await access.exec(name, { command, stdin: false, tty: false });
    const [out, err] = await Promise.all([text(session.stdout), text(session.stderr ?? Readable.from([]))]);
    expect({ out, err, code: await session.wait() }).toEqual({ out: "out\n", err: "err\n", code: 7 });
  });

  it("passes input of any size through, and its end", async () => {
    const session = await access.exec(name, { command: ["/bin/cat"], stdin: true, tty: false });
    const sent = Buffer.alloc(1_000_000, "0123456789abcdef\n");
    const received = buffer(session.stdout);
    session.stdin.end(sent);
    expect((await received).equals(sent)).toBe(true);
    expect(await session.wait()).toBe(0);
  });

  it("gives a terminal of the size that was asked for", async () => {
    const command = ["/bin/sh", "-c", "read go; stty size"];
    const session = await access.exec(name, { command, stdin: true, tty: true });
    expect(session.stderr).toBeNull();
    await session.resize(123, 45);
    const output = text(session.stdout);
    session.stdin.write("go\n");
    expect(await output).toContain("45 123");
    expect(await session.wait()).toBe(0);
  });

  it("answers with the shell's codes when there is no such command", async () => {
    const session = await access.exec(name, { command: ["/nowhere"], stdin: false, tty: false });
    const output = text(session.stdout);
    expect(await session.wait()).toBeGreaterThanOrEqual(126);
    expect(await output).toContain("/nowhere");
  });

  it("refuses a container that does not run, and one that is not there", async () => {
    const id = await runtime.create(desiredContainer("access-idle._.alice"));
    const options = { command: ["/bin/true"], stdin: false, tty: false };
    await expect(access.exec(id, options)).rejects.toThrowError(ConflictError);
    await runtime.remove(id);
    await expect(access.exec(id, options)).rejects.toThrowError(NotFoundError);
  });
});

describe("attach", () => {
  const echo = "attach._.alice";
  const make = async (process: object, script: string): Promise<void> => {
    const plain = desiredContainer(echo, { command: ["/bin/sh", "-c", script] });
    await runtime.create({ ...plain, process: { ...plain.process, ...process } });
    await runtime.start(echo);
  };
  afterEach(async () => {
    await runtime.stop(echo, 0);
    await runtime.remove(echo);
  });

  it("passes input to the container's own process, keeps its outputs apart, and gives its exit code", async () => {
    await make({ stdin: true }, "read line; echo got $line; echo err >&2; exit 5");
    const session = await access.attach(echo, { stdin: true });
    const outputs = Promise.all([text(session.stdout), text(session.stderr ?? Readable.from([]))]);
    session.stdin.write("this\n");
    expect(await outputs).toEqual(["got this\n", "err\n"]);
    expect(await session.wait()).toBe(5);
    await expect(access.attach(echo, { stdin: false })).rejects.toMatchObject({
      reason: "ContainerNotRunning",
    });
  });

  it("uses the terminal of the process, and leaves it running when it is left", async () => {
    await make({ stdin: true, tty: true }, "while read line; do stty size; done");
    const session = await access.attach(echo, { stdin: true });
    expect(session.stderr).toBeNull();
    await session.resize(123, 45);
    let output = "";
    session.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    session.stdin.write("go\n");
    await waitFor("its size", () => output.includes("45 123"));
    // Docker's keys to leave: Ctrl-P Ctrl-Q.
    session.stdin.write("\u0010\u0011");
    expect(await session.wait()).toBe(0);
    expect((await runtime.inspect(echo))?.state).toBe("running");
  });
});

describe("logs of an earlier run", () => {
  const twice = "twice._.alice";
  afterAll(async () => {
    await runtime.stop(twice, 0);
    await runtime.remove(twice);
  });

  it("are what was written before the last start", async () => {
    const script =
      "if [ -e /tmp/second ]; then echo second; exec /bin/serve; fi; touch /tmp/second; echo first";
    await runtime.create(desiredContainer(twice, { command: ["/bin/sh", "-c", script] }));
    await runtime.start(twice);
    await waitFor("its end", async () => (await runtime.inspect(twice))?.state === "exited");
    await runtime.start(twice);
    const all = async (): Promise<string> => text(await access.logs(twice, everything, never));
    await waitFor("the second run", async () => (await all()).includes("second"));
    expect(await text(await access.logs(twice, { ...everything, previous: true }, never))).toBe("first\n");
    await expect(access.logs(name, { ...everything, previous: true }, never)).rejects.toMatchObject({
      reason: "NoPreviousRun",
    });
  });
});
