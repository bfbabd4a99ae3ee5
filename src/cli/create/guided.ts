import { parseDuration } from "../../util/duration.ts";
import { parseBytes } from "../../util/quantity.ts";
import { ask } from "../confirm.ts";
import type { Context } from "../context.ts";
import { UsageError } from "../usage-error.ts";
import type { ContainerFlags } from "./container-flags.ts";

/** A question for one flag; what has been said already is not asked. */
interface Question {
  readonly flag: Exclude<keyof ContainerFlags, "volume" | "port" | "env">;
  readonly text: string;
  /** What is wrong with an answer that is not empty; null when nothing is. */
  check(answer: string): string | null;
  readonly required?: boolean;
}

const size = (answer: string): string | null =>
  parseBytes(answer) === undefined ? "write a size such as 32Gi" : null;

const questions: readonly Question[] = [
  {
    flag: "image",
    text: "Image to run, such as pytorch/pytorch:2.5",
    check: (answer) => (/\s/.test(answer) ? "an image has no blanks in its name" : null),
    required: true,
  },
  {
    flag: "gpus",
    text: "How many GPUs (none)",
    check: (answer) => (/^\d{1,2}$/.test(answer) ? null : "write a number such as 1"),
  },
  {
    flag: "cpus",
    text: "CPUs at most (what the quota gives)",
    check: (answer) => (Number(answer) > 0 ? null : "write a number such as 8"),
  },
  { flag: "memory", text: "Memory at most (what the quota gives)", check: size },
  {
    flag: "max-runtime",
    text: "Stop it after how long (what the quota says)",
    check: (answer) =>
      parseDuration(answer) === undefined && answer !== "never" ? "write a duration such as 24h" : null,
  },
];

/** Asks a person for what the flags leave open. */
export async function askForFlags(flags: ContainerFlags, context: Context): Promise<ContainerFlags> {
  const answers: Record<string, string> = {};
  for (const question of questions) {
    if (flags[question.flag] !== undefined) continue;
    const answer = await answerTo(question, context);
    if (answer !== "") answers[question.flag] = answer;
  }
  const volumes = flags.volume.length > 0 ? [] : await askForWorkspace(context);
  return { ...flags, ...answers, volume: [...flags.volume, ...volumes], ...workdirOf(volumes, flags) };
}

/** Questions need somebody who answers; throws UsageError that names the flags instead. */
export function requireTerminal({ stdin, stderr }: Context): void {
  if (stdin.isTTY === true && stderr.isTTY === true) return;
  throw new UsageError(
    "--guided asks questions, and this is no terminal",
    "Say it with flags: ds01 create container NAME --image IMAGE [--gpus N] [--cpus N] [--memory SIZE] [--volume PATH:MOUNT] [--max-runtime DURATION]",
  );
}

async function answerTo(question: Question, context: Context): Promise<string> {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const answer = await ask(`${question.text}: `, context);
    const wrong =
      answer === "" ? (question.required === true ? "this is needed" : null) : question.check(answer);
    if (wrong === null) return answer;
    context.tell(wrong);
  }
  throw new UsageError("no answer that can be used", `Say it with a flag: --${question.flag}`);
}

async function askForWorkspace(context: Context): Promise<readonly string[]> {
  const path = await ask("Directory of this host to work in, mounted at /workspace (none): ", context);
  if (path === "") return [];
  if (path.startsWith("/") && !path.includes(":")) return [`${path}:/workspace`];
  throw new UsageError(`"${path}" is no absolute path`, "Say it with a flag: --volume PATH:/workspace");
}

function workdirOf(volumes: readonly string[], flags: ContainerFlags): Partial<ContainerFlags> {
  return volumes.length === 0 || flags.workdir !== undefined ? {} : { workdir: "/workspace" };
}
