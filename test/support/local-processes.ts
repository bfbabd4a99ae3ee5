import { spawn } from "node:child_process";
import { once } from "node:events";
import { Duplex, Readable } from "node:stream";
import type {
  ContainerAccess,
  ExecOptions,
  ExecSession,
  LogOptions,
} from "../../src/ports/container-access.ts";

/** Stands in for a container whose commands run as processes of this machine, without a terminal. */
export class LocalProcesses implements ContainerAccess {
  /** What the container wrote, a line each. */
  readonly lines: string[] = [];
  readonly sizes: string[] = [];

  logs(_id: string, { tail }: LogOptions): Promise<Readable> {
    const shown = tail === null ? this.lines : this.lines.slice(-tail);
    return Promise.resolve(Readable.from(shown.map((line) => Buffer.from(`${line}\n`))));
  }

  attach(): Promise<ExecSession> {
    return this.exec("", { command: ["cat"], stdin: true, tty: false });
  }

  use(): Promise<null> {
    return Promise.resolve(null);
  }

  dial(): Promise<never> {
    return Promise.reject(new Error("this test has no ports"));
  }

  exec(_id: string, { command }: ExecOptions): Promise<ExecSession> {
    const [program = "false", ...args] = command;
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    const exit = once(child, "close") as Promise<[code: number]>;
    const stdin = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => void child.stdin.write(chunk, () => done()),
      final: (done) => void child.stdin.end(done),
      destroy: (error, done) => {
        child.stdin.destroy();
        done(error);
      },
    });
    return Promise.resolve({
      stdin,
      stdout: child.stdout,
      stderr: child.stderr,
      resize: (columns: number, rows: number) => {
        this.sizes.push(`${columns}x${rows}`);
        return Promise.resolve();
      },
      wait: async () => (await exit)[0],
    });
  }
}
