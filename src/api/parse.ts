import type { YAMLError } from "yaml";
import { checkDocument } from "./check-document.ts";
import type { CheckedDocument } from "./check-document.ts";
import { guessedIdentity, isNamed } from "./identity.ts";
import type { IdentityHints, SpecIdentity } from "./identity.ts";
import type { Position, Problem } from "./problem.ts";
import type { ParsedDocument, TextProblem } from "./parsed-document.ts";
import { yamlProblem } from "./yaml-errors.ts";
import { readYaml } from "./yaml-text.ts";
import type { YamlText } from "./yaml-text.ts";
import { treeOf } from "./yaml-tree.ts";
import type { YamlTree } from "./yaml-tree.ts";

/** How a text is to be read. `path` is shown in problems; the rest are rules of the directory it stands in. */
export type ParseOptions = IdentityHints;

export interface ParseResult {
  /** Documents without a problem of their own; act on them only when `problems` is empty. */
  readonly documents: readonly ParsedDocument[];
  /** Everything that is wrong with the file, in the order of the text. */
  readonly problems: readonly Problem[];
  /** The object of every document, also of those that never parsed (then a guess); never empty. */
  readonly identities: readonly SpecIdentity[];
  /** True when each of them is what the text says by itself, and none a guess. */
  readonly named: boolean;
}

const problemsMax = 100;
const syntaxErrorsMax = 10;

/** Reads the documents of a spec file (YAML or JSON); never throws, and reports every problem at once. */
export function parseSpecText(text: string, options: ParseOptions): ParseResult {
  const plain = text.startsWith("\uFEFF") ? text.slice(1) : text;
  const yaml = readYaml(plain);
  const file = new FileReading(plain, yaml, options);
  return file.result();
}

type YamlDocument = YamlText["documents"][number];

/** One pass over a file; collects what its documents hold and what is wrong with them. */
class FileReading {
  private readonly text: string;
  private readonly yaml: YamlText;
  private readonly options: ParseOptions;
  private readonly problems: TextProblem[] = [];
  private readonly documents: ParsedDocument[] = [];
  private readonly identities: SpecIdentity[] = [];
  private named = true;

  constructor(text: string, yaml: YamlText, options: ParseOptions) {
    this.text = text;
    this.yaml = yaml;
    this.options = options;
  }

  result(): ParseResult {
    if (this.yaml.fault !== null) this.problems.push({ ...this.yaml.fault, field: "" });
    for (const document of this.yaml.documents) this.read(document);
    if (this.identities.length === 0) {
      if (this.problems.length === 0) {
        const message = "the file holds no document; a spec begins with apiVersion, kind, metadata and spec";
        this.problems.push({ offset: 0, length: 0, field: "", message });
      }
      this.identities.push(guessedIdentity(undefined, this.text, this.options));
      this.named = false;
    }
    const { documents, identities, named } = this;
    return { documents, problems: this.placedProblems(), identities, named };
  }

  private read(document: YamlDocument): void {
    const tree = treeOf(document, (offset) => this.positionAt(offset).line);
    const syntax = this.syntaxProblems([...document.errors, ...document.warnings], tree);
    const empty = document.contents === null || tree.value === null;
    if (empty && syntax.length === 0 && tree.faults.length === 0) return;
    const checked = this.check(document, tree);
    const problems = [...syntax, ...beforeSyntaxErrors([...tree.faults, ...checked.problems], syntax)];
    const identity =
      checked.document?.identity ??
      guessedIdentity(tree.value, this.text.slice(document.range[0], document.range[1]), this.options);
    if (this.identities.some((other) => sameIdentity(other, identity))) {
      const place = tree.places.get("metadata.name")?.value ?? { offset: document.range[0], length: 0 };
      const message = `"${identity.name}" is declared a second time in this file; give each document its own name`;
      problems.push({ ...place, field: "metadata.name", message });
    }
    this.identities.push(identity);
    this.named &&= syntax.length === 0 && tree.whole && isNamed(tree.value, identity);
    this.problems.push(...problems);
    if (checked.document !== null && problems.length === 0) {
      this.documents.push({ ...checked.document, positions: this.positionsOf(tree) });
    }
  }

  private check(document: YamlDocument, tree: YamlTree): CheckedDocument {
    if (document.contents === null || tree.value === null || !tree.whole)
      return { document: null, problems: [] };
    return checkDocument(tree, { ...this.options, text: this.text, contents: document.contents.range });
  }

  private positionsOf(tree: YamlTree): Readonly<Record<string, Position>> {
    const positions: Record<string, Position> = {};
    for (const [field, { key, value }] of tree.places) {
      const said = this.positionAt(value.offset);
      const named = key === null ? said : this.positionAt(key.offset);
      positions[field] = named.line === said.line ? said : named;
    }
    return positions;
  }

  /** One problem a line, and few: what follows a syntax error is mostly its echo. */
  private syntaxProblems(errors: readonly YAMLError[], tree: YamlTree): TextProblem[] {
    const byLine = new Map<number, TextProblem>();
    /** Lines whose error is shown at the line that causes it. */
    const moved = new Set<number>();
    for (const error of errors) {
      if (error.code === "UNEXPECTED_TOKEN" && byLine.size > 0) continue;
      const values = [...tree.places.values()].map(({ value }) => value.offset);
      const { offset, length, message } = yamlProblem(error, this.text, values);
      const { line } = this.positionAt(offset);
      const told = this.positionAt(Math.min(error.pos[0], this.text.length)).line;
      if (byLine.has(line) || moved.has(told)) continue;
      if (line !== told) moved.add(told);
      byLine.set(line, { offset, length, field: "", message });
      if (byLine.size === syntaxErrorsMax) break;
    }
    return [...byLine.values()];
  }

  private placedProblems(): Problem[] {
    const sorted = this.problems.toSorted((one, other) => one.offset - other.offset);
    const shown = sorted.slice(0, problemsMax).map(({ offset, length, field, message }) => {
      const start = Math.min(offset, this.text.length);
      return {
        file: this.options.path,
        position: this.positionAt(start),
        length: this.lengthInLine(start, length),
        field,
        message,
      };
    });
    const rest = sorted.length - shown.length;
    if (rest > 0) {
      const message = `and ${rest} more problems, not shown`;
      shown.push({
        file: this.options.path,
        position: { line: 1, column: 1 },
        length: 0,
        field: "",
        message,
      });
    }
    return shown;
  }

  private lengthInLine(offset: number, length: number): number {
    const end = this.text.slice(offset).search(/\r?\n/);
    const lineEnd = end === -1 ? this.text.length : offset + end;
    return Math.max(0, Math.min(offset + length, lineEnd) - offset);
  }

  private positionAt(offset: number): Position {
    const { line, col } = this.yaml.lines.linePos(offset);
    return { line, column: col };
  }
}

/** After a syntax error nothing is where the person meant it; before it, problems are real. */
function beforeSyntaxErrors(
  problems: readonly TextProblem[],
  syntax: readonly TextProblem[],
): readonly TextProblem[] {
  const first = Math.min(...syntax.map((problem) => problem.offset));
  return syntax.length === 0
    ? problems
    : problems.filter(({ offset, length, absent }) => offset + length < first && absent !== true);
}

function sameIdentity(one: SpecIdentity, other: SpecIdentity): boolean {
  return one.kind === other.kind && one.namespace === other.namespace && one.name === other.name;
}
