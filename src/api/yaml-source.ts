import { fieldPathText } from "./field-path.ts";
import type { FieldPath } from "./field-path.ts";
import type { Position, Problem } from "./problem.ts";
import { yamlProblem } from "./yaml-errors.ts";
import { readYaml } from "./yaml-text.ts";
import type { Span, YamlText } from "./yaml-text.ts";
import { treeOf } from "./yaml-tree.ts";
import type { YamlTree } from "./yaml-tree.ts";

/** A text under the name by which people know it. */
export interface SourceText {
  readonly path: string;
  readonly text: string;
}

/** One field of a map: its name, its value, and the way to it. */
export interface Entry {
  readonly name: string;
  readonly value: unknown;
  readonly path: FieldPath;
}

/** How messages name a key: `groups.student.max_cpus`, `h.baker@example.org.memory`, `groups.admin.members[0]`. */
export function keyText(path: FieldPath): string {
  return path
    .map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`))
    .join("")
    .replace(/^\./, "");
}

/** A YAML file of another tool: its values, their places, and what is wrong with it, collected as it is found. */
export class YamlSource {
  readonly path: string;
  readonly problems: Problem[] = [];
  readonly root: unknown;
  private readonly text: string;
  private readonly yaml: YamlText;
  private readonly tree: YamlTree | undefined;
  /** Where the first syntax error is: behind it nothing is where the person meant it. */
  private brokenFrom = Number.POSITIVE_INFINITY;

  constructor(source: SourceText) {
    this.path = source.path;
    this.text = source.text.startsWith("\uFEFF") ? source.text.slice(1) : source.text;
    this.yaml = readYaml(this.text);
    const [document, another] = this.yaml.documents;
    this.tree =
      document === undefined ? undefined : treeOf(document, (offset) => this.positionAt(offset).line);
    this.root = this.tree?.value ?? null;
    const { fault } = this.yaml;
    if (fault !== null) this.problemAt(fault, "", fault.message);
    if (another !== undefined) {
      const message = "a second document begins here; only one is read, so remove the line with ---";
      this.problemAt({ offset: another.range[0], length: 0 }, "", message);
    }
    this.syntaxProblems();
    for (const { field, message, ...span } of this.tree?.faults ?? []) this.problemAt(span, field, message);
  }

  /** The fields of a map in the order of the text; a value that is no map is a problem, null is an empty map. */
  entries(value: unknown, path: FieldPath): readonly Entry[] {
    if (value === null || value === undefined) return [];
    if (typeof value !== "object" || Array.isArray(value)) {
      const found = Array.isArray(value) ? "a list" : "a single value";
      this.problem(path, `${found} stands here, but a map is expected: "name: value" on each line`);
      return [];
    }
    const offsetOf = (name: string) => this.spanOf([...path, name], "key").offset;
    return Object.entries(value as Readonly<Record<string, unknown>>)
      .toSorted(([one], [other]) => offsetOf(one) - offsetOf(other))
      .map(([name, field]) => ({ name, value: field, path: [...path, name] }));
  }

  /** Adds a problem with the value (or the name) of a field. */
  problem(path: FieldPath, message: string, at: "key" | "value" = "value"): void {
    const span = this.spanOf(path, at);
    if (span.offset + span.length < this.brokenFrom) this.problemAt(span, keyText(path), message);
  }

  /** Where a field stands: its name, or a list item itself. */
  positionOf(path: FieldPath): Position {
    return this.positionAt(this.spanOf(path, "key").offset);
  }

  /** Where a field is to be shown: its value, or its name where the value goes on below. */
  placeOf(
    path: FieldPath,
    at: "key" | "value" = "value",
  ): { file: string; position: Position; length: number; field: string } {
    const [key, value] = [this.spanOf(path, "key"), this.spanOf(path, "value")];
    const [name, said] = [this.positionAt(key.offset), this.positionAt(value.offset)];
    const shown = at === "value" && name.line === said.line ? value : key;
    const [line = ""] = this.text.slice(shown.offset, shown.offset + shown.length).split(/\r?\n/, 1);
    const position = this.positionAt(shown.offset);
    return { file: this.path, position, length: line.length, field: keyText(path) };
  }

  /** The name or the value of a field as it is written, without quotes: `007` stays `007`. */
  written(path: FieldPath, at: "key" | "value"): string {
    const { offset, length } = this.spanOf(path, at);
    const text = this.text.slice(offset, offset + length).trim();
    return /^(["']).*\1$/s.test(text) ? text.slice(1, -1) : text;
  }

  private syntaxProblems(): void {
    const [document] = this.yaml.documents;
    const values = [...(this.tree?.places.values() ?? [])].map(({ value }) => value.offset);
    const lines = new Set<number>();
    for (const error of [...(document?.errors ?? []), ...(document?.warnings ?? [])]) {
      const { message, ...span } = yamlProblem(error, this.text, values);
      const { line } = this.positionAt(span.offset);
      if (lines.has(line) || (error.code === "UNEXPECTED_TOKEN" && lines.size > 0)) continue;
      lines.add(line);
      this.problemAt(span, "", message);
      this.brokenFrom = Math.min(this.brokenFrom, span.offset);
    }
  }

  /** An empty value is shown by its name, and what a merge key brings in by the merge key. */
  private spanOf(path: FieldPath, at: "key" | "value"): Span {
    const place = this.tree?.places.get(fieldPathText(path)) ?? this.mergedPlace(path);
    if (place === undefined) {
      return path.length === 0 ? { offset: 0, length: 0 } : this.spanOf(path.slice(0, -1), at);
    }
    const wanted = at === "key" || place.value.length === 0 ? place.key : place.value;
    return wanted ?? place.value;
  }

  /** What stands below a field that a merge key brings in. */
  private mergedPlace(path: FieldPath): ReturnType<YamlTree["places"]["get"]> {
    for (let depth = path.length - 1; depth > 0; depth -= 1) {
      const merged = [...path.slice(0, depth), "<<", ...path.slice(depth)];
      const place = this.tree?.places.get(fieldPathText(merged));
      if (place !== undefined) return place;
    }
    return undefined;
  }

  private problemAt(span: Span, field: string, message: string): void {
    const start = Math.min(span.offset, this.text.length);
    const [line = ""] = this.text.slice(start, start + span.length).split(/\r?\n/, 1);
    const position = this.positionAt(start);
    const isTold = this.problems.some(
      (one) =>
        one.message === message &&
        one.position?.line === position.line &&
        one.position.column === position.column,
    );
    if (isTold) return;
    this.problems.push({ file: this.path, position, length: line.length, field, message });
  }

  private positionAt(offset: number): Position {
    const { line, col } = this.yaml.lines.linePos(offset);
    return { line, column: col };
  }
}
