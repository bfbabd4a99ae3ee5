import { shellQuote } from "../../util/shell-quote.ts";
import type { Origin } from "../docker-import/container-draft.ts";
import { meantText } from "../docker-import/docker-values.ts";
import type { Problem } from "../problem.ts";
import type { RunFlag } from "./flag.ts";
import { flagByLetter, runFlags } from "./run-flags.ts";

/** How messages call the command line. */
export const commandLinePath = "command line";

/** A flag as it was given; a switch has the value `true` or `false`. */
export interface GivenFlag {
  readonly flag: RunFlag;
  readonly value: string;
  readonly origin: Origin;
}

/** A word with its place in the line. */
export interface Word {
  readonly text: string;
  readonly origin: Origin;
}

/** A command line taken apart. */
export interface RunCommand {
  /** The line as a shell would be told it, for messages. */
  readonly text: string;
  readonly flags: readonly GivenFlag[];
  readonly image: Word | null;
  readonly arguments: readonly Word[];
  readonly problems: readonly Problem[];
}

/** What may stand before the flags, longest first. */
const beginnings: readonly (readonly string[])[] = [
  ["docker", "container", "run"],
  ["docker", "container", "create"],
  ["docker", "run"],
  ["docker", "create"],
  ["nvidia-docker", "run"],
];

/** Takes a `docker run` apart as Docker does: flags up to the image, and everything behind that is the command's. */
export function parseRunCommand(words: readonly string[]): RunCommand {
  return new LineReading(words).result();
}

class LineReading {
  private readonly words: readonly Word[];
  private readonly text: string;
  private readonly flags: GivenFlag[] = [];
  private readonly problems: Problem[] = [];
  private next = 0;

  constructor(words: readonly string[]) {
    const placed: Word[] = [];
    let column = 1;
    for (const text of words) {
      const quoted = shellQuote(text).replaceAll(/\s+/g, " ");
      const position = { line: 1, column };
      placed.push({ text, origin: { file: commandLinePath, position, length: quoted.length, field: "" } });
      column += quoted.length + 1;
    }
    this.words = placed;
    this.text = words.map((word) => shellQuote(word).replaceAll(/\s+/g, " ")).join(" ");
  }

  result(): RunCommand {
    if (this.begin()) this.readFlags();
    const image = this.words[this.next] ?? null;
    if (image === null && this.problems.length === 0) {
      this.problem(this.words.at(-1)?.origin ?? nowhere, "names no image");
    }
    const rest = this.words.slice(this.next + 1);
    return { text: this.text, flags: this.flags, image, arguments: rest, problems: this.problems };
  }

  private begin(): boolean {
    const texts = this.words.map(({ text }) => text);
    const start = texts[0] === "sudo" ? 1 : 0;
    const known = beginnings.find((beginning) =>
      beginning.every((word, index) => texts[start + index]?.replace(/^.*\//, "") === word),
    );
    if (known === undefined) {
      const found = texts.slice(start, start + 2).join(" ");
      this.problem(this.words[start]?.origin ?? nowhere, `"${found}" is no docker run`);
      return false;
    }
    this.next = start + known.length;
    if (known[0] === "nvidia-docker") {
      const runtime = runFlags.get("runtime");
      const origin = this.words[start]?.origin ?? nowhere;
      if (runtime !== undefined) this.flags.push({ flag: runtime, value: "nvidia", origin });
    }
    return true;
  }

  private readFlags(): void {
    for (;;) {
      const word = this.words[this.next];
      if (word === undefined || !/^-./.test(word.text)) return;
      this.next += 1;
      if (word.text === "--") return;
      const isRead = word.text.startsWith("--") ? this.readLong(word) : this.readLetters(word);
      // Whether an unknown flag takes the next word nobody knows.
      if (!isRead) {
        this.next = this.words.length;
        return;
      }
    }
  }

  private readLong({ text, origin }: Word): boolean {
    const equals = text.indexOf("=");
    const name = equals === -1 ? text : text.slice(0, equals);
    const flag = runFlags.get(name.slice(2));
    const own = { ...origin, field: name };
    if (flag === undefined) {
      const names = [...runFlags.keys()].map((known) => `--${known}`);
      return this.problem(origin, `${name} is no flag of docker run${meantText(name, names)}`);
    }
    return this.take(flag, equals === -1 ? undefined : text.slice(equals + 1), own);
  }

  /** `-it`, `-p80:80`, `-e=A=1`: switches up to the first letter that takes a value. */
  private readLetters({ text, origin }: Word): boolean {
    for (let index = 1; index < text.length; index += 1) {
      const letter = text.charAt(index);
      const flag = flagByLetter(letter);
      if (flag === undefined) {
        const long = runFlags.get(text.slice(1).split("=", 1)[0] ?? "");
        const hint = long === undefined ? "" : `, did you mean --${long.name}?`;
        return this.problem(origin, `-${letter} in ${text.split("=", 1)[0]} is no flag of docker run${hint}`);
      }
      const own = { ...origin, field: `-${letter}` };
      const rest = text.slice(index + 1);
      if (flag.takesValue || rest.startsWith("=")) {
        return this.take(flag, rest === "" ? undefined : rest.replace(/^=/, ""), own);
      }
      this.flags.push({ flag, value: "true", origin: own });
    }
    return true;
  }

  private take(flag: RunFlag, inline: string | undefined, origin: Origin): boolean {
    if (!flag.takesValue) {
      if (inline !== undefined && !/^(?:1|t|true|0|f|false)$/i.test(inline)) {
        return this.problem(origin, `is a switch; "${inline}" is neither true nor false`);
      }
      const value = /^[0f]/i.test(inline ?? "true") ? "false" : "true";
      this.flags.push({ flag, value, origin });
      return true;
    }
    const value = inline ?? this.words[this.next]?.text;
    if (value === undefined) return this.problem(origin, "needs a value");
    if (inline === undefined) this.next += 1;
    this.flags.push({ flag, value, origin });
    return true;
  }

  private problem({ file, position, length, field }: Origin, message: string): false {
    this.problems.push({ file, position, length, field, message });
    return false;
  }
}

const nowhere: Origin = { file: commandLinePath, position: { line: 1, column: 1 }, length: 0, field: "" };
