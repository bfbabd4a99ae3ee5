/** An image that a Dockerfile takes something from. */
export interface BaseImage {
  /** Null where its name cannot be told without the builder. */
  readonly reference: string | null;
  /** It stands after FROM: what it has for ONBUILD is carried out. */
  readonly isParent: boolean;
}

/** What a variable stands for; null where only the builder can tell. */
type Lookup = (name: string) => string | null;

/** `$NAME`, `${NAME}`, `${NAME:-other}`, `${NAME:+other}`; any other dollar sign stands alone. */
const variables = /\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::([-+])([^${}]*))?\}|)/g;

/** Both readings of a backslash after a backslash: Docker's versions differ. */
const continuations: readonly RegExp[] = [/\\[ \t]*$/, /(?<!\\)\\[ \t]*$/];

/**
 * Every image that a Dockerfile may take something from: after FROM, in --from and in mounts. It rather names too many
 * than too few: what looks like such a word counts as one. Source: Dockerfile reference, as the classic builder reads it.
 */
export function baseImages(
  dockerfile: string,
  given: Readonly<Record<string, string>>,
): readonly BaseImage[] {
  // Go takes U+0085 for a space, and JavaScript does not.
  const text = dockerfile.replace(/^\uFEFF/, "").replaceAll("\u0085", " ");
  const escape = /^[ \t]*#[ \t]*escape[ \t]*=[ \t]*(\S*)/im.exec(text)?.[1] ?? "\\";
  if (escape !== "\\") return [{ reference: null, isParent: true }];
  const found = continuations.flatMap((continuation) =>
    basesOf(instructions(text, continuation), { given, hasStages: !text.includes("<<") }),
  );
  return [...new Map(found.map((one) => [JSON.stringify([one.reference, one.isParent]), one])).values()];
}

/** One line each, comments and empty lines left out. */
function instructions(text: string, continuation: RegExp): readonly string[] {
  const joined: string[] = [];
  let open: string | null = null;
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const whole: string = (open ?? "") + line.replace(continuation, "");
    open = continuation.test(line) ? whole : null;
    if (open === null) joined.push(whole);
  }
  return open === null ? joined : [...joined, open];
}

interface Reading {
  readonly given: Readonly<Record<string, string>>;
  /** False: a text within the file could be taken for the beginning of a stage. */
  readonly hasStages: boolean;
}

function basesOf(lines: readonly string[], { given, hasStages }: Reading): readonly BaseImage[] {
  const stages = new Set<string>();
  let count = 0;
  const values = new Map<string, string | null>();
  const lookup: Lookup = (name) => {
    const value = values.get(name);
    // Some are known without an ARG, by the builder's version.
    return value === undefined ? (Object.hasOwn(given, name) ? null : "") : value;
  };
  const isStage = (word: string | null): boolean =>
    hasStages && word !== null && stages.has(word.toLowerCase());
  const isNumber = (word: string): boolean => hasStages && /^\d{1,4}$/.test(word) && Number(word) < count;

  return lines.flatMap((line): readonly BaseImage[] => {
    const [, instruction = "", rest = ""] = /^\s*(\S+)\s*([^]*)$/.exec(line) ?? [];
    if (instruction.toUpperCase() === "ARG" && count === 0) declare(rest, { values, given, lookup });
    const sources = fromWords(line)
      .filter((word) => !isStage(word) && !isNumber(word))
      .map((word) => ({ reference: word.includes("$") ? null : word, isParent: false }));
    if (instruction.toUpperCase() !== "FROM") return sources;
    const { images, stage } = fromLine(rest);
    const parents = images
      .map((word) => ({ reference: expanded(word, lookup), isParent: true }))
      .filter(({ reference }) => reference !== "" && !isStage(reference));
    count += 1;
    if (stage !== null) stages.add(stage.toLowerCase());
    return [...sources, ...parents];
  });
}

/** The words of `--from=WORD` and `--mount=from=WORD`; the builder takes quotes and backslashes away. */
function fromWords(line: string): readonly string[] {
  const plain = line.replaceAll(/["'\\]/g, "");
  const isCopy = /^\s*(?:ONBUILD\s+)*(?:COPY|ADD)\s/i.test(plain);
  const pattern = isCopy ? /--from=(\S+)/gi : /(?:--|[,=])from=([^\s,]+)/gi;
  return [...plain.matchAll(pattern)].map(([, word = ""]) => word);
}

interface FromLine {
  /** What stands where the image can. */
  readonly images: readonly string[];
  readonly stage: string | null;
}

function fromLine(rest: string): FromLine {
  const words = rest.split(/\s+/).filter((word) => word !== "");
  const hasName = words.length > 2 && words.at(-2)?.toUpperCase() === "AS";
  const images = (hasName ? words.slice(0, -2) : words).filter((word) => !word.startsWith("--"));
  return { images, stage: hasName ? (words.at(-1) ?? null) : null };
}

interface Arguments {
  readonly values: Map<string, string | null>;
  readonly given: Readonly<Record<string, string>>;
  readonly lookup: Lookup;
}

/** `ARG A=1 B`: what is given counts before what is written. */
function declare(rest: string, { values, given, lookup }: Arguments): void {
  const words = rest.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  for (const word of words) {
    const [, name = "", value] = /^([^=]+)(?:=([^]*))?$/.exec(word) ?? [];
    const written = value === undefined ? "" : expanded(value, lookup);
    values.set(name, Object.hasOwn(given, name) ? (given[name] ?? "") : written);
  }
}

/** A word with its variables replaced as the builder does it; null where it has more than the plain forms of them. */
function expanded(word: string, lookup: Lookup): string | null {
  if (/[\\']/.test(word)) return /\$/.test(word) || word.includes("\\") ? null : word.replaceAll("'", "");
  let isPlain = true;
  const value = word
    .replaceAll('"', "")
    .replaceAll(variables, (...[, bare, braced, form, other]: string[]) => {
      const name = bare ?? braced;
      const known = name === undefined ? null : lookup(name);
      isPlain &&= known !== null;
      if (form === undefined) return known ?? "";
      // `:-` is for what is empty, `:+` for what is not.
      const isEmpty = known === "" || known === null;
      if (form === "-") return isEmpty ? (other ?? "") : known;
      return isEmpty ? "" : (other ?? "");
    });
  return isPlain ? value : null;
}
