import type { ApiObject } from "../api/meta.ts";
import { StatusError } from "./failure.ts";

/** True for the objects that a list or watch is about. */
export type Selector = (object: ApiObject) => boolean;

/** Combines `labelSelector` and `fieldSelector` of a query; BadRequest when one cannot be read. */
export function selectorOf(query: URLSearchParams): Selector {
  const labelTests = parseLabelSelector(query.get("labelSelector") ?? "");
  const fieldTests = parseFieldSelector(query.get("fieldSelector") ?? "");
  if (labelTests.length === 0 && fieldTests.length === 0) return () => true;
  return (object) => {
    const labels = object.metadata.labels ?? {};
    return labelTests.every((test) => test(labels)) && fieldTests.every((test) => test(object));
  };
}

type LabelTest = (labels: Readonly<Record<string, string>>) => boolean;

/** Kubernetes' label selectors: `a=b`, `a==b`, `a!=b`, `a`, `!a`, `a in (b,c)`, `a notin (b,c)`. */
function parseLabelSelector(text: string): readonly LabelTest[] {
  return requirements(text)
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map(labelTest);
}

/** The text between commas; one inside parentheses separates nothing. Reads the text once. */
function requirements(text: string): readonly string[] {
  const found: string[] = [];
  let begin = 0;
  const lastClosing = text.lastIndexOf(")");
  for (let at = 0; at < text.length; at += 1) {
    // One that never closes encloses nothing.
    if (text[at] === "(" && at < lastClosing) at = text.indexOf(")", at);
    if (text[at] !== ",") continue;
    found.push(text.slice(begin, at));
    begin = at + 1;
  }
  return [...found, text.slice(begin)];
}

const key = String.raw`([A-Za-z0-9](?:[\w./-]*[A-Za-z0-9])?)`;
const setPattern = new RegExp(String.raw`^${key}\s+(in|notin)\s*\(([^()]*)\)$`);
const equalityPattern = new RegExp(String.raw`^${key}\s*(=|==|!=)\s*([^\s=!(),]*)$`);
const existsPattern = new RegExp(String.raw`^(!?)\s*${key}$`);

function labelTest(part: string): LabelTest {
  const set = setPattern.exec(part);
  if (set !== null) {
    const [, name = "", operator, list = ""] = set;
    const values = list.split(",").map((value) => value.trim());
    return (labels) => values.includes(labels[name] ?? "\0") === (operator === "in");
  }
  const equality = equalityPattern.exec(part);
  if (equality !== null) {
    const [, name = "", operator, value] = equality;
    return (labels) => (labels[name] === value) === (operator !== "!=");
  }
  const exists = existsPattern.exec(part);
  if (exists !== null) {
    const [, negation, name = ""] = exists;
    return (labels) => Object.hasOwn(labels, name) === (negation === "");
  }
  throw new StatusError("BadRequest", `unable to parse label selector "${part}": write key=value`);
}

const eventFields = ["type", "reason", "involvedObject.kind", "involvedObject.namespace"];
const fieldPaths = [
  "metadata.name",
  "metadata.namespace",
  ...eventFields,
  "involvedObject.name",
  "involvedObject.uid",
  "involvedObject.apiVersion",
  "status.phase",
  "spec.nodeName",
];

/** Field selectors: `path=value` or `path!=value`, for the paths that are indexed by intent. */
function parseFieldSelector(text: string): readonly Selector[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => {
      const [, path = "", operator, value = ""] = /^([^=!]+)(==|=|!=)(.*)$/.exec(part) ?? [];
      if (operator === undefined) {
        throw new StatusError("BadRequest", `invalid field selector "${part}": write path=value`);
      }
      if (!fieldPaths.includes(path)) {
        const known = fieldPaths.join(", ");
        throw new StatusError("BadRequest", `field label not supported: ${path}; these are: ${known}`);
      }
      return (object) => (fieldText(object, path) === value) === (operator !== "!=");
    });
}

function fieldText(object: unknown, path: string): string {
  let value: unknown = object;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null) return "";
    value = Object.entries(value).find(([member]) => member === name)?.[1];
  }
  return typeof value === "string" ? value : "";
}
