import { nearest } from "../util/nearest.ts";
import { documentSchemas, isWrittenKind, writtenKinds } from "./document.ts";
import type { ContainerDocument, QuotaDocument, ReservationDocument, WrittenKind } from "./document.ts";
import { fieldPathText } from "./field-path.ts";
import type { FieldPath } from "./field-path.ts";
import type { IdentityHints, SpecIdentity } from "./identity.ts";
import { fieldProblems } from "./issues.ts";
import type { FieldProblem } from "./issues.ts";
import { documentJsonSchema } from "./json-schema.ts";
import { apiVersion, kindNames } from "./names.ts";
import type {
  ParsedContainerSpec,
  ParsedQuotaSpec,
  ParsedReservationSpec,
  TextProblem,
} from "./parsed-document.ts";
import { adminFolders } from "./spec-folders.ts";
import type { Span } from "./yaml-text.ts";
import type { YamlTree } from "./yaml-tree.ts";
import { sweepNameProblems } from "./sweep-name.ts";

type Unplaced<Document> = Omit<Document, "positions">;

export interface CheckedDocument {
  readonly document:
    | Unplaced<ParsedContainerSpec>
    | Unplaced<ParsedQuotaSpec>
    | Unplaced<ParsedReservationSpec>
    | null;
  readonly problems: readonly TextProblem[];
}

/** The text around a document, and what its directory demands. */
export interface DocumentSurroundings extends IdentityHints {
  readonly text: string;
  readonly contents: readonly [number, number, number];
}

/** Checks the values of one document against its kind, and against the directory it stands in. */
export function checkDocument(tree: YamlTree, around: DocumentSurroundings): CheckedDocument {
  const { value } = tree;
  const root: Span = { offset: around.contents[0], length: 0 };
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const found = Array.isArray(value) ? "a list" : "a single value";
    const message = `${found} stands here, but a spec is a map: apiVersion, kind, metadata, spec`;
    return { document: null, problems: [{ ...root, field: "", message }] };
  }
  const place = (problem: FieldProblem): TextProblem => ({
    ...spanOf(problem, tree, root),
    absent: problem.absent === true,
    field: fieldPathText(problem.path),
    message: problem.message,
  });
  const head = [...versionProblems(value), ...kindProblems(value, around.expect)];
  const kind = kindOf(value, around.expect);
  if (kind === undefined) return { document: null, problems: head.map(place) };
  const sourceOf = (path: FieldPath): string | undefined => {
    const span = tree.places.get(fieldPathText(path))?.value;
    return span === undefined ? undefined : around.text.slice(span.offset, span.offset + span.length);
  };
  const checked = { ...value, apiVersion, kind };
  const result = documentSchemas[kind].safeParse(checked);
  const issues = result.success ? [] : result.error.issues;
  const problems = [
    ...head,
    ...fieldProblems(issues, documentJsonSchema(kind), checked, sourceOf),
    ...namespaceProblems(value, kind, around.namespaceFromPath),
    ...(kind === "ContainerSpec" ? sweepNameProblems(checked) : []),
  ];
  // A kind that does not belong here says nothing about an object of its own kind, which is somebody else's.
  const belongs = around.expect === undefined || kind === around.expect;
  const document = result.success && belongs ? documentOf(result.data, around) : null;
  return { document, problems: problems.map(place) };
}

function documentOf(
  data: ContainerDocument | QuotaDocument | ReservationDocument,
  around: DocumentSurroundings,
): NonNullable<CheckedDocument["document"]> {
  const identity: SpecIdentity = { kind: data.kind, namespace: "", name: data.metadata.name };
  if (data.kind === "QuotaSpec") {
    return { kind: data.kind, identity, metadata: data.metadata, spec: data.spec };
  }
  if (data.kind === "ReservationSpec") {
    return { kind: data.kind, identity, metadata: data.metadata, spec: data.spec };
  }
  // A mistake in the namespace is one of this file's own object, and no word about anybody else's.
  const namespace = around.namespaceFromPath ?? data.metadata.namespace ?? "";
  const metadata = namespace === "" ? data.metadata : { ...data.metadata, namespace };
  return { kind: data.kind, identity: { ...identity, namespace }, metadata, spec: data.spec };
}

function versionProblems(value: object): FieldProblem[] {
  const path = ["apiVersion"];
  const written: unknown = Reflect.get(value, "apiVersion");
  if (written === apiVersion) return [];
  if (written === undefined) {
    return [
      { path, at: "parent", absent: true, message: `is missing; begin with "apiVersion: ${apiVersion}"` },
    ];
  }
  return [{ path, at: "value", message: `${shown(written)} is not known here; write ${apiVersion}` }];
}

function kindProblems(value: object, expect: WrittenKind | undefined): FieldProblem[] {
  const path = ["kind"];
  const written: unknown = Reflect.get(value, "kind");
  if (written === undefined) {
    return [
      {
        path,
        at: "parent",
        absent: true,
        message: `is missing; write "kind: ${expect ?? writtenKinds.join('" or "kind: ')}"`,
      },
    ];
  }
  if (isWrittenKind(written)) {
    if (expect === undefined || written === expect) return [];
    const folder = written === "ContainerSpec" ? "users/<user>/" : `${adminFolders[written]}/`;
    const message = `a ${written} does not belong here, only ${expect}s; move it to ${folder}`;
    return [{ path, at: "value", message }];
  }
  const observed = kindNames.find((name) => name.kind === written);
  if (observed !== undefined) {
    return [
      { path, at: "value", message: `a ${observed.kind} is made by ds01 and cannot be written in a file` },
    ];
  }
  const meant = meantKind(written);
  const hint = meant === undefined ? `allowed: ${writtenKinds.join(", ")}` : `did you mean ${meant}?`;
  return [{ path, at: "value", message: `${shown(written)} is not a kind of ds01; ${hint}` }];
}

/** The kind to check against: what is written, else what was probably meant, so that all problems show at once. */
function kindOf(value: object, expect: WrittenKind | undefined): WrittenKind | undefined {
  const written: unknown = Reflect.get(value, "kind");
  return isWrittenKind(written) ? written : (meantKind(written) ?? expect);
}

function meantKind(written: unknown): WrittenKind | undefined {
  if (typeof written !== "string" || written.length > 64) return undefined;
  const words = writtenKinds.flatMap((kind) => {
    const short = kind.replace(/Spec$/, "");
    return [kind, short, `${short}s`];
  });
  const near = nearest(written, words)?.replace(/(?:Spec|s)$/, "");
  return writtenKinds.find((kind) => kind === `${near}Spec`);
}

function namespaceProblems(value: object, kind: WrittenKind, demanded: string | undefined): FieldProblem[] {
  const metadata: unknown = Reflect.get(value, "metadata");
  if (kind !== "ContainerSpec" || demanded === undefined) return [];
  // Letters of other scripts that look like Latin ones, and characters that nobody sees, make two users look like one.
  if (!/^[!-~][ -~]*$/.test(demanded)) {
    const message = `the directory ${shown(demanded)} is no user's name: only ASCII characters can stand in it`;
    return [{ path: ["metadata", "namespace"], at: "parent", message }];
  }
  if (typeof metadata !== "object" || metadata === null) return [];
  const written: unknown = Reflect.get(metadata, "namespace");
  if (typeof written !== "string" || written === demanded) return [];
  const message = `${shown(written)} is not the namespace of this directory; write ${demanded}, or leave it out`;
  return [{ path: ["metadata", "namespace"], at: "value", message }];
}

/** Where the caret goes. An empty value is shown by its name; a missing field by the map that lacks it. */
function spanOf(problem: FieldProblem, tree: YamlTree, root: Span): Span {
  if (problem.at === "parent") {
    for (let length = problem.path.length - 1; length > 0; length -= 1) {
      const parent = tree.places.get(fieldPathText(problem.path.slice(0, length)));
      if (parent !== undefined) return parent.key ?? { offset: parent.value.offset, length: 1 };
    }
    return root;
  }
  const place = tree.places.get(fieldPathText(problem.path));
  if (place === undefined) return root;
  if (problem.at === "key") return place.key ?? place.value;
  return place.value.length === 0 ? (place.key ?? place.value) : place.value;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "";
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
