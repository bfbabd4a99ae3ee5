import { UsageError } from "../usage-error.ts";

/** One step of a path: what it takes from the values before it. */
export type Segment =
  | { readonly type: "fields"; readonly names: readonly string[] }
  | { readonly type: "indices"; readonly indices: readonly number[] }
  | { readonly type: "slice"; readonly from: number | undefined; readonly to: number | undefined }
  | { readonly type: "wildcard" }
  | { readonly type: "descendants" }
  | { readonly type: "filter"; readonly left: Operand; readonly test: Comparison | undefined };

export interface Comparison {
  readonly operator: string;
  readonly right: Operand;
}

export type Operand =
  | { readonly type: "path"; readonly segments: readonly Segment[] }
  | { readonly type: "literal"; readonly value: string | number | boolean | null };

/** A part of a template: text as it is, a path, or a loop over a path. */
export type Part =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "path"; readonly segments: readonly Segment[] }
  | { readonly type: "range"; readonly segments: readonly Segment[]; readonly body: readonly Part[] };

/** Parses kubectl's JSONPath template (`{.items[*].metadata.name}{"\n"}`); throws UsageError with the column. */
export function parseTemplate(template: string): readonly Part[] {
  // A bare path can only mean the path: `-o jsonpath=.metadata.name`.
  const text = template.includes("{") ? template : `{${template}}`;
  const stack: { segments: readonly Segment[]; body: Part[] }[] = [{ segments: [], body: [] }];
  const add = (part: Part): void => void stack.at(-1)?.body.push(part);
  const reader = new Reader(text);
  while (!reader.atEnd()) {
    const literal = reader.take(/[^{]+/y);
    if (literal !== undefined) add({ type: "text", text: literal });
    if (!reader.skip("{")) continue;
    while (!reader.skip("}")) {
      if (reader.take(/range(?=\s)\s*/y) !== undefined) stack.push({ segments: path(reader), body: [] });
      else if (reader.take(/end(?=\s*\})/y) !== undefined) {
        const loop = stack.length > 1 ? stack.pop() : undefined;
        if (loop === undefined) throw reader.failure("{end} without {range}");
        add({ type: "range", segments: loop.segments, body: loop.body });
      } else add(textOrPath(reader));
      reader.blanks();
    }
  }
  if (stack.length > 1) throw reader.failure("{range} without {end}");
  return stack[0]?.body ?? [];
}

function textOrPath(reader: Reader): Part {
  reader.blanks();
  const quoted = reader.quoted();
  return quoted === undefined ? { type: "path", segments: path(reader) } : { type: "text", text: quoted };
}

function path(reader: Reader): readonly Segment[] {
  const start = reader.column;
  reader.take(/[$@]/y);
  const segments: Segment[] = [];
  for (;;) {
    const segment = nextSegment(reader, segments.length === 0);
    if (segment === undefined) break;
    segments.push(segment);
  }
  if (reader.column === start) throw reader.failure("expected a path such as .metadata.name");
  return segments;
}

const fieldName = /(?:\\.|[^\s.[\]{}()=!<>,"'\\])+/y;

function nextSegment(reader: Reader, first: boolean): Segment | undefined {
  if (reader.skip("..")) {
    reader.unread(reader.peek() === "[" ? 0 : 1);
    return { type: "descendants" };
  }
  if (reader.skip("[")) return bracket(reader);
  if (!reader.skip(".") && !(first && /[A-Za-z_]/.test(reader.peek()))) return undefined;
  if (reader.skip("*")) return { type: "wildcard" };
  const name = reader.take(fieldName);
  if (name !== undefined) return { type: "fields", names: [name.replaceAll(/\\(.)/g, "$1")] };
  // `{.}` is the whole object.
  if (first || reader.peek() === "[") return { type: "fields", names: [] };
  throw reader.failure("expected a field name");
}

function bracket(reader: Reader): Segment {
  const segment = bracketContent(reader);
  reader.blanks();
  if (!reader.skip("]")) throw reader.failure('expected "]"');
  return segment;
}

function bracketContent(reader: Reader): Segment {
  reader.blanks();
  if (reader.skip("*")) return { type: "wildcard" };
  if (reader.skip("?(")) return filter(reader);
  const slice = reader.take(/-?\d*:-?\d*/y);
  if (slice !== undefined) {
    const [from, to] = slice.split(":").map((edge) => (edge === "" ? undefined : Number(edge)));
    return { type: "slice", from, to };
  }
  const names: string[] = [];
  const indices: number[] = [];
  do {
    reader.blanks();
    const name = reader.quoted();
    const index = name === undefined ? reader.take(/-?\d+/y) : undefined;
    if (name !== undefined) names.push(name);
    else if (index !== undefined) indices.push(Number(index));
    else throw reader.failure('expected an index, "*", a quoted name or ?( )');
    reader.blanks();
  } while (reader.skip(","));
  if (names.length > 0 && indices.length > 0) throw reader.failure("names and indices cannot be mixed");
  return names.length > 0 ? { type: "fields", names } : { type: "indices", indices };
}

function filter(reader: Reader): Segment {
  const left = operand(reader);
  reader.blanks();
  const operator = reader.take(/[=!]=|[<>]=?/y);
  const test = operator === undefined ? undefined : { operator, right: operand(reader) };
  reader.blanks();
  if (!reader.skip(")")) throw reader.failure('expected ")"; filters look like [?(@.type=="Ready")]');
  return { type: "filter", left, test };
}

function operand(reader: Reader): Operand {
  reader.blanks();
  const quoted = reader.quoted();
  if (quoted !== undefined) return { type: "literal", value: quoted };
  const word = reader.take(/(?:true|false|null|-?\d+(?:\.\d+)?)(?![\w.])/y);
  if (word !== undefined) return { type: "literal", value: JSON.parse(word) as number | boolean | null };
  return { type: "path", segments: path(reader) };
}

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

class Reader {
  readonly #text: string;
  #index = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get column(): number {
    return this.#index + 1;
  }

  atEnd(): boolean {
    return this.#index >= this.#text.length;
  }

  peek(): string {
    return this.#text.charAt(this.#index);
  }

  skip(expected: string): boolean {
    if (!this.#text.startsWith(expected, this.#index)) return false;
    this.#index += expected.length;
    return true;
  }

  unread(count: number): void {
    this.#index -= count;
  }

  /** `pattern` must be sticky. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#index;
    const found = pattern.exec(this.#text)?.[0];
    this.#index += found?.length ?? 0;
    return found;
  }

  blanks(): void {
    this.take(/\s+/y);
  }

  quoted(): string | undefined {
    const found = this.take(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/y);
    return found?.slice(1, -1).replaceAll(/\\(.)/g, (_, escaped: string) => escapes[escaped] ?? escaped);
  }

  failure(message: string): UsageError {
    return new UsageError(`jsonpath ${JSON.stringify(this.#text)}, column ${this.column}: ${message}`);
  }
}
