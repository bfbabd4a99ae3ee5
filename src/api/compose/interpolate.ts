/** What a name stands for; undefined when it is not set. */
export type Lookup = (name: string) => string | undefined;

/** A text with its variables put in, and the names that stood for nothing; or what is wrong with it. */
export type Interpolation =
  | { readonly text: string; readonly unset: readonly string[] }
  | { readonly wrong: string };

/**
 * Puts variables into a text: `$NAME`, `${NAME}`, with `-`, `?` or `+` (and before them a colon, which takes an empty
 * value for none) what to do where it is not set, or is; `$$` is one dollar. The rules are those of the Compose
 * Specification (12-interpolation.md). Messages quote no values.
 */
export function interpolate(text: string, lookup: Lookup): Interpolation {
  const reading = new TextReading(text, lookup);
  const result = reading.until(false);
  return reading.wrong === null ? { text: result, unset: reading.unset } : { wrong: reading.wrong };
}

class TextReading {
  wrong: string | null = null;
  readonly unset: string[] = [];
  private readonly text: string;
  private readonly lookup: Lookup;
  private next = 0;

  constructor(text: string, lookup: Lookup) {
    this.text = text;
    this.lookup = lookup;
  }

  /** Up to the end, or within braces up to the one that closes them. */
  until(inBraces: boolean): string {
    let result = "";
    while (this.next < this.text.length && this.wrong === null) {
      const character = this.text.charAt(this.next);
      if (inBraces && character === "}") return result;
      this.next += 1;
      result += character === "$" ? this.variable() : character;
    }
    return result;
  }

  private variable(): string {
    const after = this.text.charAt(this.next);
    if (after === "$") {
      this.next += 1;
      return "$";
    }
    if (after === "{") return this.inBraces();
    const name = this.name();
    return name === ""
      ? this.fail('a "$" that begins no variable; write $$ for a dollar')
      : this.valueOf(name);
  }

  private inBraces(): string {
    this.next += 1;
    const name = this.name();
    if (name === "") return this.fail('"${" is not followed by a name');
    const operator = /^(?::?[-?+])?/.exec(this.text.slice(this.next))?.[0] ?? "";
    this.next += operator.length;
    const value = this.lookup(name);
    const isSet = value !== undefined && !(value === "" && operator.startsWith(":"));
    const other = operator === "" ? "" : this.other(operator.endsWith("+") === isSet);
    if (this.wrong !== null) return "";
    if (this.text.charAt(this.next) !== "}")
      return this.fail(`"\${${name}" is not closed, or "}" stands too late`);
    this.next += 1;
    if (operator === "") return this.valueOf(name);
    if (operator.endsWith("+")) return isSet ? other : "";
    if (isSet) return value ?? "";
    return operator.endsWith("-")
      ? other
      : this.fail([`${name} is not set`, other].filter((part) => part !== "").join(": "));
  }

  /** What stands behind an operator; where it is not taken, what is not set in it is nobody's loss. */
  private other(isTaken: boolean): string {
    const known = this.unset.length;
    const text = this.until(true);
    if (!isTaken) this.unset.splice(known);
    return text;
  }

  private name(): string {
    const name = /^[A-Za-z_]\w*/.exec(this.text.slice(this.next))?.[0] ?? "";
    this.next += name.length;
    return name;
  }

  private valueOf(name: string): string {
    const value = this.lookup(name);
    if (value === undefined) this.unset.push(name);
    return value ?? "";
  }

  private fail(message: string): string {
    this.wrong ??= message;
    return "";
  }
}
