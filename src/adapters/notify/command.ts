import type { NoticeChannel } from "../../ports/notice-channel.ts";
import { ProgramFailed, runProgram } from "../run-program.ts";

const timeoutMs = 10_000;

/** Runs a program of the admin's for each notice, without a shell; the notice comes as JSON on its standard input. */
export function commandChannel(command: readonly string[]): NoticeChannel {
  return {
    name: "command",
    send: async (notice) => {
      try {
        await runProgram({ command, input: `${JSON.stringify(notice)}\n`, timeoutMs });
      } catch (error) {
        if (!(error instanceof ProgramFailed)) throw error;
        throw new Error(`${error.message}: ${error.said}`, { cause: error });
      }
    },
  };
}
