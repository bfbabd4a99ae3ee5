// Everything the quickstart tells: its own sentences, and commands as if typed, with their output.

const coloured = process.stdout.isTTY === true && !process.env.NO_COLOR;

/** One sentence of the quickstart's own. */
export function say(sentence) {
  process.stdout.write(`${coloured ? `\x1b[36m${sentence}\x1b[0m` : sentence}\n`);
}

/** A command line, as it would be typed. */
export function sayCommand(line) {
  process.stdout.write(`\n${coloured ? `\x1b[1m$ ${line}\x1b[0m` : `$ ${line}`}\n`);
}

/** The output of a command. */
export function sayOutput(text) {
  process.stdout.write(text === "" || text.endsWith("\n") ? text : `${text}\n`);
}
