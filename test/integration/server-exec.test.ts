import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { Duplex, PassThrough, Readable } from "node:stream";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { createClient } from "../../src/client/client.ts";
import type {
  ContainerAccess,
  ExecOptions,
  ExecSession,
  LogOptions,
} from "../../src/ports/container-access.ts";
import { ConflictError, NotFoundError } from "../../src/util/errors.ts";
import { waitFor } from "../bed/wait-for.ts";
import { containerText, startApiBed, users } from "../support/api-bed.ts";
import type { ApiBed } from "../support/api-bed.ts";

const train = { namespace: "alice", name: "train" };

/** A container whose commands are: cat, exit N, size, gone, flood. */
class FakeContainer implements ContainerAccess {
  readonly execs: { id: string; options: ExecOptions }[] = [];
  readonly logCalls: { id: string; options: LogOptions; signal: AbortSignal }[] = [];
  readonly attached: object[] = [];
  readonly dialled: string[] = [];
  readonly sizes: string[] = [];
  floodedBytes = 0;
  stdinDestroyed = false;
  logStream = new PassThrough();
  /** Port 2 connects when this is called. */
  connectSlow: () => void = () => undefined;
  readonly slow = new PassThrough();
  /** What was sent to port 3, which reads nothing. */
  readonly stuck = new Duplex({ read: () => undefined, write: () => undefined });
  onDial: () => void = () => undefined;

  async logs(id: string, options: LogOptions, signal: AbortSignal): Promise<Readable> {
    this.logCalls.push({ id, options, signal });
    return this.logStream;
  }

  async exec(id: string, options: ExecOptions): Promise<ExecSession> {
    this.execs.push({ id, options });
    const [word, value] = options.command;
    if (word === "gone") throw new NotFoundError({ reason: "NoSuchContainer", message: "it is not running" });
    const stdout = word === "flood" ? Readable.from(this.#flood()) : new PassThrough();
    const stderr = new PassThrough();
    let ended: () => void = () => undefined;
    const end = new Promise<void>((resolve) => (ended = resolve));
    const stdin = new Duplex({
      read: () => undefined,
      write: (chunk, _, done) => {
        if (stdout instanceof PassThrough) stdout.write(chunk);
        done();
      },
      final: (done) => {
        if (stdout instanceof PassThrough) stdout.end();
        stderr.end();
        ended();
        done();
      },
      destroy: (error, done) => {
        this.stdinDestroyed = true;
        done(error);
      },
    });
    if (word === "exit" && stdout instanceof PassThrough) {
      stdout.end("out\n");
      stderr.end("err\n");
      ended();
    }
    return {
      stdin,
      stdout,
      stderr: options.tty ? null : stderr,
      resize: async (columns, rows) => void this.sizes.push(`${columns}x${rows}`),
      wait: async () => {
        await end;
        return word === "exit" ? Number(value) : 0;
      },
    };
  }

  async attach(id: string, options: { readonly stdin: boolean }): Promise<ExecSession> {
    this.attached.push({ id, ...options });
    return this.exec(id, { command: ["cat"], stdin: options.stdin, tty: false });
  }

  async use(): Promise<{ cpus: number; windowMs: number; memoryBytes: number; pids: number }> {
    return { cpus: 1.25, windowMs: 1000, memoryBytes: 3 * 1024 * 1024, pids: 4 };
  }

  /** A port that echoes; at 1 nothing listens, 2 takes its time, 3 reads nothing. */
  async dial(id: string, port: number): Promise<Duplex> {
    this.dialled.push(`${id}:${port}`);
    if (port === 1) throw new ConflictError({ reason: "PortRefused", message: "nothing listens at port 1" });
    this.onDial();
    if (port === 2) await new Promise<void>((resolve) => (this.connectSlow = resolve));
    if (port === 2) return this.slow;
    if (port === 3) return this.stuck;
    return new PassThrough();
  }

  async *#flood(): AsyncGenerator<Buffer> {
    for (;;) {
      this.floodedBytes += 64 * 1024;
      yield Buffer.alloc(64 * 1024);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

async function bedWithRunning(): Promise<{ bed: ApiBed; container: FakeContainer }> {
  const container = new FakeContainer();
  const bed = await startApiBed({ containers: container });
  await bed.control.drop("users/alice/train.yaml", containerText("train"));
  bed.control.setPhase("alice", "train", "Running");
  return { bed, container };
}

async function forwarded(bed: ApiBed, ports: string): Promise<WebSocket> {
  const path = `/api/v1/namespaces/alice/pods/train/portforward?ports=${ports}`;
  const socket = new WebSocket(`ws+unix://${bed.socketPath}:${path}`, "v4.channel.k8s.io");
  onTestFinished(() => socket.terminate());
  socket.on("error", () => undefined);
  await once(socket, "open");
  return socket;
}

function handshake(subresource: string, key = "MDEyMzQ1Njc4OWFiY2RlZg=="): string {
  return [
    `GET /api/v1/namespaces/alice/pods/train/${subresource} HTTP/1.1`,
    "host: ds01",
    "connection: upgrade",
    "upgrade: websocket",
    "sec-websocket-version: 13",
    "sec-websocket-protocol: v4.channel.k8s.io",
    `sec-websocket-key: ${key}\r\n\r\n`,
  ].join("\r\n");
}

/** Resolves with a figure once it changes no more. */
async function whenStill(figure: () => number): Promise<number> {
  let seen = -1;
  await waitFor(
    "the figure to stay",
    () => {
      const isStill = seen === figure();
      seen = figure();
      return isStill;
    },
    { intervalMs: 200 },
  );
  return seen;
}

async function textOf(stream: Readable): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  return text;
}

describe("exec", () => {
  it("runs a command, keeps its streams apart and returns its exit code", async () => {
    const { bed, container } = await bedWithRunning();
    const remote = await createClient(bed.socketPath).exec(train, { command: ["exit", "3"] });
    expect(await Promise.all([textOf(remote.stdout), textOf(remote.stderr)])).toEqual(["out\n", "err\n"]);
    expect(await remote.exitCode).toBe(3);
    expect(container.execs).toEqual([
      { id: "docker-alice-train", options: { command: ["exit", "3"], stdin: false, tty: false } },
    ]);
  });

  it("passes input on until its end, in the same bytes", async () => {
    const { bed } = await bedWithRunning();
    const remote = await createClient(bed.socketPath).exec(train, { command: ["cat"], stdin: true });
    const sent = Buffer.alloc(3 * 1024 * 1024, "0123456789abcdef");
    const received: Buffer[] = [];
    remote.stdout.on("data", (chunk: Buffer) => received.push(chunk));
    remote.stdin.write(sent.subarray(0, 7));
    remote.stdin.end(sent.subarray(7));
    expect(await remote.exitCode).toBe(0);
    expect(Buffer.concat(received).equals(sent)).toBe(true);
  });

  it("passes on the size of a terminal", async () => {
    const { bed, container } = await bedWithRunning();
    const remote = await createClient(bed.socketPath).exec(train, {
      command: ["cat"],
      stdin: true,
      tty: true,
    });
    remote.resize(120, 40);
    await waitFor("the size", () => container.sizes.length > 0);
    expect(container.sizes).toEqual(["120x40"]);
    remote.stdin.end();
    expect(await remote.exitCode).toBe(0);
  });

  it("slows a command down to what its client reads, and ends it with the client", async () => {
    const { bed, container } = await bedWithRunning();
    const remote = await createClient(bed.socketPath).exec(train, { command: ["flood"], stdin: true });
    let seen = -1;
    await waitFor(
      "the flood to stop",
      () => {
        const stopped = seen === container.floodedBytes && seen > 0;
        seen = container.floodedBytes;
        return stopped;
      },
      { intervalMs: 100 },
    );
    expect(container.floodedBytes).toBeLessThan(16 * 1024 * 1024);
    remote.stdout.resume();
    await waitFor("the flood to go on", () => container.floodedBytes > seen + 4 * 1024 * 1024);
    remote.close();
    await waitFor("the end of its input", () => container.stdinDestroyed);
    await expect(remote.exitCode).rejects.toMatchObject({ reason: "ControllerUnreachable" });
  });

  it("refuses before the upgrade: others, what is not there, what does not run", async () => {
    const { bed } = await bedWithRunning();
    const client = createClient(bed.socketPath);
    const command = ["exit", "0"];
    await expect(client.exec({ ...train, name: "x" }, { command })).rejects.toMatchObject({
      reason: "NotFound",
      message: 'containers.ds01.io "x" not found',
    });
    await expect(client.exec(train, { command: ["gone"] })).rejects.toMatchObject({ reason: "NotFound" });
    await expect(client.exec(train, { command: [] })).rejects.toMatchObject({ reason: "BadRequest" });
    bed.control.setPhase("alice", "train", "Stopped");
    await expect(client.exec(train, { command })).rejects.toThrow("has no container now");
    bed.actAs("bob");
    await expect(client.exec(train, { command })).rejects.toMatchObject({ reason: "Forbidden" });
    expect(await bed.call("GET", "/healthz")).toMatchObject({ code: 200 });
  });

  it("speaks v4 to older clients and refuses other protocols and paths", async () => {
    const { bed } = await bedWithRunning();
    const open = async (path: string, protocol: string): Promise<string> =>
      new Promise((resolve) => {
        const socket = new WebSocket(`ws+unix://${bed.socketPath}:${path}`, protocol);
        onTestFinished(() => socket.terminate());
        socket.once("open", () => resolve(socket.protocol));
        socket.once("unexpected-response", (_, response) => resolve(String(response.statusCode)));
        socket.on("error", () => undefined);
      });
    const path = "/api/v1/namespaces/alice/pods/train/exec?command=cat&stdin=true";
    expect(await open(path, "v4.channel.k8s.io")).toBe("v4.channel.k8s.io");
    expect(await open(path, "v3.channel.k8s.io")).toBe("400");
    expect(await open("/apis", "v5.channel.k8s.io")).toBe("400");
    expect(await open("/nowhere", "v5.channel.k8s.io")).toBe("404");
    expect(await bed.call("GET", path)).toMatchObject({ code: 400 });
  });

  it("leaves the command whose client does not come to be served", async () => {
    const { bed, container } = await bedWithRunning();
    const socket = connect(bed.socketPath);
    onTestFinished(() => void socket.destroy());
    socket.write(handshake("exec?command=cat&stdin=true", "no key"));
    expect(await textOf(socket)).toMatch(/^HTTP\/1.1 400 /);
    await waitFor("the end of its input", () => container.stdinDestroyed);
  });

  it.runIf(process.getuid?.() === 0)("knows the caller of a WebSocket by its uid as well", async () => {
    const { bed } = await bedWithRunning();
    bed.actAs(null);
    const script = `
      const { request } = require("node:http");
      const headers = { connection: "upgrade", upgrade: "websocket", "sec-websocket-version": "13",
        "sec-websocket-key": "MDEyMzQ1Njc4OWFiY2RlZg==", "sec-websocket-protocol": "v5.channel.k8s.io" };
      const path = "/api/v1/namespaces/alice/pods/train/exec?command=exit&command=0";
      const sent = request({ socketPath: process.argv[1], path, headers });
      sent.on("upgrade", (response, socket) => { console.log(response.statusCode); socket.destroy(); });
      sent.on("response", (response) => { console.log(response.statusCode); response.resume(); });
      sent.end();`;
    const execAs = async (name: string): Promise<string> => {
      const uid = users.find((user) => user.name === name)?.uid ?? -1;
      const child = spawn(process.execPath, ["-e", script, bed.socketPath], { uid, gid: uid, cwd: "/" });
      return (await textOf(child.stdout)).trim();
    };
    expect(await execAs("bob")).toBe("403");
    expect(await execAs("alice")).toBe("101");
  });
});

describe("attach", () => {
  it("connects with the container's own process, and refuses whom exec refuses", async () => {
    const { bed, container } = await bedWithRunning();
    const client = createClient(bed.socketPath);
    const remote = await client.attach(train, { stdin: true });
    remote.stdin.end("typed\n");
    expect(await textOf(remote.stdout)).toBe("typed\n");
    expect(await remote.exitCode).toBe(0);
    expect(container.attached).toEqual([{ id: "docker-alice-train", stdin: true }]);
    bed.actAs("bob");
    await expect(client.attach(train, {})).rejects.toMatchObject({ reason: "Forbidden" });
  });
});

describe("metrics", () => {
  it("say what containers use, as Kubernetes does, to their owner and to admins", async () => {
    const { bed } = await bedWithRunning();
    await bed.control.drop("users/bob/sweep.yaml", containerText("sweep"));
    bed.control.setPhase("bob", "sweep", "Running");
    const client = createClient(bed.socketPath);
    const names = async (namespace?: string): Promise<string[]> =>
      (await client.containerUsage(namespace)).items.map(({ metadata }) => metadata.name);
    expect((await client.containerUsage("alice")).items).toMatchObject([
      {
        metadata: { name: "train", namespace: "alice" },
        window: "1000ms",
        containers: [{ name: "train", usage: { cpu: "1250m", memory: "3072Ki" }, pids: 4 }],
      },
    ]);
    expect((await names()).toSorted()).toEqual(["sweep", "train"]);
    bed.actAs("bob");
    expect(await names()).toEqual(["sweep"]);
    await expect(client.containerUsage("alice")).rejects.toMatchObject({ reason: "Forbidden" });
  });
});

describe("portforward", () => {
  it("carries bytes both ways to the end, and says where nothing listens", async () => {
    const { bed, container } = await bedWithRunning();
    const client = createClient(bed.socketPath);
    const stream = await client.dial(train, 8888);
    const sent = Buffer.alloc(3_000_000, "0123456789abcdef");
    const received: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => received.push(chunk));
    const ended = once(stream, "end");
    stream.end(sent);
    await ended;
    expect(Buffer.concat(received).equals(sent)).toBe(true);
    const refused = await client.dial(train, 1);
    await expect(textOf(refused)).rejects.toThrow("nothing listens at port 1");
    expect(container.dialled).toEqual(["docker-alice-train:8888", "docker-alice-train:1"]);
    await expect(client.dial(train, 70_000)).rejects.toMatchObject({ reason: "BadRequest" });
    bed.actAs("bob");
    await expect(client.dial(train, 8888)).rejects.toMatchObject({ reason: "Forbidden" });
  });

  it("speaks as Kubernetes' libraries do: two channels a port, which begin with its number", async () => {
    const { bed } = await bedWithRunning();
    const path = "/api/v1/namespaces/alice/pods/train/portforward?ports=8888";
    const socket = new WebSocket(`ws+unix://${bed.socketPath}:${path}`, "v4.channel.k8s.io");
    onTestFinished(() => socket.terminate());
    const messages: string[] = [];
    socket.on("message", (data: Buffer) => messages.push(data.toString("hex")));
    await once(socket, "open");
    socket.send(Buffer.from("\u0000hi"));
    await waitFor("the echo", () => messages.length === 3);
    expect(messages).toEqual(["00b822", "01b822", "006869"]);
  });
});

describe("portforward to a slow port", () => {
  const messages = 32;
  const bytes = Buffer.alloc(1024 * 1024, "0123456789abcdef");

  it("takes no more than it can pass on while it connects, and all of it afterwards", async () => {
    const { bed, container } = await bedWithRunning();
    const socket = await forwarded(bed, "2");
    for (let sent = 0; sent < messages; sent += 1) socket.send(Buffer.concat([Buffer.of(0), bytes]));
    expect(await whenStill(() => socket.bufferedAmount)).toBeGreaterThan((messages - 4) * bytes.length);
    container.connectSlow();
    let echoed = 0;
    socket.on("message", (data: Buffer) => (echoed += data[0] === 0 ? data.length - 1 : 0));
    await waitFor("the echo", () => echoed >= messages * bytes.length);
    expect(bed.log.lines.filter(({ level }) => level === "error")).toEqual([]);
  });

  it("answers pings while it connects", async () => {
    const { bed } = await bedWithRunning();
    const socket = await forwarded(bed, "2");
    const pong = once(socket, "pong");
    socket.ping();
    await pong;
  });

  it("waits for the port that reads nothing while another one of the same client reads on", async () => {
    const { bed, container } = await bedWithRunning();
    const socket = await forwarded(bed, "3,8888");
    // More than a port takes at once, and both in one read, so that each port has a reason to wait.
    const piece = bytes.subarray(0, 20 * 1024);
    let rounds = 0;
    const sendBoth = (): void => {
      rounds += 1;
      socket.send(Buffer.concat([Buffer.of(2), piece]));
      socket.send(Buffer.concat([Buffer.of(0), piece]));
    };
    socket.on("message", (data: Buffer) => {
      if (data[0] === 2 && data.length > 3 && rounds < 200) sendBoth();
    });
    sendBoth();
    await whenStill(() => rounds);
    expect(container.stuck.writableLength).toBeLessThan(10 * piece.length);
  });

  it("leaves no connection behind when the client goes while it connects", async () => {
    const { bed, container } = await bedWithRunning();
    const socket = await forwarded(bed, "2");
    socket.terminate();
    container.connectSlow();
    await waitFor("the end of the connection", () => container.slow.destroyed);
  });

  it("leaves no connection behind when the client goes before it is told the port", async () => {
    const { bed, container } = await bedWithRunning();
    const socket = connect(bed.socketPath);
    container.onDial = () => socket.destroy();
    socket.write(handshake("portforward?ports=3"));
    await waitFor("the end of the connection", () => container.stuck.destroyed);
    expect(bed.log.lines.filter(({ level }) => level === "error")).toEqual([]);
  });
});

describe("logs", () => {
  it("come as they are written and stop when the reader goes", async () => {
    const { bed, container } = await bedWithRunning();
    container.logStream.write("one\n");
    const { stream } = await createClient(bed.socketPath).logs(train, {
      follow: true,
      tail: 5,
      timestamps: true,
    });
    let text = "";
    stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
    await waitFor("the first line", () => text === "one\n");
    container.logStream.write("two\n");
    await waitFor("the second line", () => text === "one\ntwo\n");
    stream.destroy();
    await waitFor("the engine to be told", () => container.logCalls[0]?.signal.aborted);
    expect(container.logCalls[0]).toMatchObject({
      id: "docker-alice-train",
      options: {
        follow: true,
        tail: 5,
        timestamps: true,
        sinceSeconds: null,
        sinceTime: null,
        previous: false,
      },
    });
    expect(bed.log.lines.filter(({ level }) => level === "error")).toEqual([]);
  });

  it("end where the container's output ends", async () => {
    const { bed, container } = await bedWithRunning();
    container.logStream.end("all\n");
    expect(await textOf((await createClient(bed.socketPath).logs(train, {})).stream)).toBe("all\n");
    await expect(createClient(bed.socketPath).logs({ ...train, name: "x" }, {})).rejects.toMatchObject({
      reason: "NotFound",
    });
    for (const query of ["tailLines=x", "sinceTime=yesterday", "previous=true&follow=true"]) {
      const path = `/api/v1/namespaces/alice/pods/train/log?${query}`;
      expect(await bed.call("GET", path)).toMatchObject({ code: 400 });
    }
  });
});
