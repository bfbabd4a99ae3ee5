import { runProgram } from "./run-program.mjs";
import { QuickstartError } from "./run-state.mjs";
import { sayCommand, sayOutput } from "./say.mjs";

/** The command line of ds01, talking to the quickstart's controller. */
export function ds01At({ cli, socketPath }, { signal }) {
  const env = { ...process.env, DS01_SOCKET: socketPath };
  const call = async (words) => {
    const result = await runProgram(process.execPath, [cli, ...words], { env, signal });
    signal.throwIfAborted();
    return result;
  };
  const answerOf = async (words) => {
    const { code, output, errors } = await call(words);
    if (code !== 0)
      throw new QuickstartError(`ds01 ${words.join(" ")} failed (exit code ${code}): ${errors.trim()}`);
    return output;
  };
  return {
    call,
    /** Runs a command and shows it with its output. */
    async show(...words) {
      sayCommand(`ds01 ${words.join(" ")}`);
      sayOutput(await answerOf(words));
    },
    /** The items of a list, as JSON objects. */
    items: async (...words) => JSON.parse(await answerOf(["get", ...words, "-o", "json"])).items,
  };
}
