import type { z } from "zod";
import { fieldPathText } from "./field-path.ts";
import type { FieldPath } from "./field-path.ts";
import { nodeAt } from "./schema-node.ts";
import type { SchemaNode } from "./schema-node.ts";
import { unknownFieldText } from "./unknown-field.ts";
import { expected, wrongValueText, yamlText } from "./wrong-value.ts";

type Issue = z.core.$ZodIssue;

/** One thing wrong with a field, not yet placed in a text. */
export interface FieldProblem {
  readonly path: FieldPath;
  readonly message: string;
  /** What the caret should point at: the name of the field, its value, or the map that lacks it. */
  readonly at: "key" | "value" | "parent";
  /** True when nothing stands where something should. */
  readonly absent?: boolean;
}

/** Turns what zod found into words for people; `sourceOf` gives a scalar as it is written in the text. */
export function fieldProblems(
  issues: readonly Issue[],
  root: SchemaNode,
  value: unknown,
  sourceOf: (path: FieldPath) => string | undefined,
): FieldProblem[] {
  const problems = new Map<string, FieldProblem>();
  for (const issue of issues) {
    for (const problem of problemsOf(issue, root, value, sourceOf)) {
      const key = fieldPathText(problem.path);
      if (!problems.has(key)) problems.set(key, problem);
    }
  }
  return [...problems.values()];
}

function problemsOf(
  issue: Issue,
  root: SchemaNode,
  value: unknown,
  sourceOf: (path: FieldPath) => string | undefined,
): FieldProblem[] {
  const path = issue.path.map((step) => (typeof step === "number" ? step : String(step)));
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((name) => ({
      path: [...path, name],
      message: unknownFieldText(root, path, name),
      at: "key",
    }));
  }
  if (issue.code === "invalid_key") return [{ path, message: "a name in this map is empty", at: "key" }];
  const node = nodeAt(root, path) ?? {};
  const found = valueAt(value, path);
  if (found === undefined)
    return [{ path, message: absentText(issue, node, path), at: "parent", absent: true }];
  const shown = shownValue(path, found, sourceOf(path));
  if (issue.code === "custom") {
    // A whole map says nothing in a message of one line.
    const isShown = issue.message.startsWith("is ") && typeof found !== "object";
    const message = isShown ? `${shown} ${issue.message}` : issue.message;
    return [{ path, message, at: "value" }];
  }
  if (issue.code === "too_small" && Array.isArray(found)) {
    return [
      { path, message: "the list is empty; name at least one item, or leave the field out", at: "value" },
    ];
  }
  const allowed = issue.code === "invalid_format" && issue.format === "regex" ? issue.message : undefined;
  if (found === null && isRequired(root, path)) {
    return [
      {
        path,
        message: missingText(node, path).replace("is missing", "has no value"),
        at: "value",
        absent: true,
      },
    ];
  }
  const wrong = { node, value: found, shown, allowed, secret: isSecret(path) };
  return [{ path, message: wrongValueText(wrong), at: "value", absent: found === null }];
}

function isRequired(root: SchemaNode, path: FieldPath): boolean {
  const name = path.at(-1);
  return typeof name === "string" && nodeAt(root, path.slice(0, -1))?.required?.includes(name) === true;
}

/** A rule over several fields says itself what belongs beside the others. */
function absentText({ code, message }: Issue, node: SchemaNode, path: FieldPath): string {
  const isRule = code === "custom" && message.startsWith("beside ");
  return isRule ? `is missing; ${message}` : missingText(node, path);
}

function missingText(node: SchemaNode, path: FieldPath): string {
  const name = path.at(-1);
  const example = node.examples?.[0] ?? node.const ?? node.enum?.[0];
  if (typeof name !== "string") return "an item is missing";
  return example === undefined
    ? `is missing; ${expected(node)} is expected`
    : `is missing; for example ${name}: ${yamlText(example)}`;
}

/** Values of env are never shown: problems end in status and events. */
function shownValue(path: FieldPath, value: unknown, source: string | undefined): string {
  if (isSecret(path)) return typeof value === "string" ? "this text" : `this ${typeof value}`;
  if (path[1] === "env" && typeof value === "string" && value.includes("=")) {
    return JSON.stringify(`${value.slice(0, value.indexOf("=") + 1)}...`);
  }
  const text = typeof value === "string" ? JSON.stringify(value) : (source ?? String(value));
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}

function isSecret(path: FieldPath): boolean {
  return path[0] === "spec" && path[1] === "env" && !(path.length === 4 && path[3] === "name");
}

function valueAt(root: unknown, path: FieldPath): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}
