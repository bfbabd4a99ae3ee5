import { pipeline } from "node:stream/promises";
import type { RemoteProcess } from "../client/remote-process.ts";
import type { Context } from "./context.ts";
import { rawTerminal } from "./raw-terminal.ts";

/** Connects the standard streams of this process with one in a container; resolves with its exit code. */
export async function passThrough(
  remote: RemoteProcess,
  wanted: { readonly stdin: boolean; readonly tty: boolean },
  context: Context,
): Promise<number> {
  const { stdin, stdout, stderr } = context;
  const resize = (): void => remote.resize(stdout.columns ?? 80, stdout.rows ?? 24);
  const giveBack = wanted.tty ? rawTerminal(stdin) : (): void => undefined;
  if (wanted.tty) {
    stdout.on("resize", resize);
    resize();
  }
  if (wanted.stdin) stdin.pipe(remote.stdin);
  try {
    const [exitCode] = await Promise.all([
      remote.exitCode,
      pipeline(remote.stdout, stdout, { end: false }),
      pipeline(remote.stderr, stderr, { end: false }),
    ]);
    return exitCode;
  } finally {
    stdout.off("resize", resize);
    giveBack();
    if (wanted.stdin) {
      stdin.unpipe(remote.stdin);
      // An open standard input would keep this process alive after the command has ended.
      stdin.destroy();
    }
    remote.close();
  }
}
