import { spawn } from "node:child_process";
import type { NoticeChannel } from "../../ports/notice-channel.ts";

const deadlineMs = 10_000;
/** Of what the program writes about its failure. */
const mostErrorBytes = 500;

/** Runs a program of the admin's for each notice, without a shell; the notice comes as JSON on its standard input. */
export function commandChannel([program = "", ...words]: readonly string[]): NoticeChannel {
  return {
    name: "command",
    send: async (notice) =>
      new Promise((resolve, reject) => {
        const child = spawn(program, words, {
          stdio: ["pipe", "ignore", "pipe"],
          // Nothing of the controller's own is handed on.
          env: { PATH: process.env["PATH"], LANG: "C.UTF-8" },
          timeout: deadlineMs,
          killSignal: "SIGKILL",
        });
        let said = "";
        child.stderr.on("data", (chunk: Buffer) => {
          if (said.length < mostErrorBytes) said += chunk.toString("utf8").slice(0, mostErrorBytes);
        });
        child.on("error", reject);
        child.on("close", (code, signal) => {
          if (code === 0) resolve();
          else reject(new Error(`${program} ended with ${code ?? signal ?? "nothing"}: ${said.trim()}`));
        });
        // A program that does not read ends before everything is written, which says nothing about its success.
        child.stdin.on("error", () => undefined);
        child.stdin.end(`${JSON.stringify(notice)}\n`);
      }),
  };
}
