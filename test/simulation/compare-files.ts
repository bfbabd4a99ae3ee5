import { parseSpecText } from "../../src/api/parse.ts";
import { withElements } from "../../src/api/sweep.ts";
import type { ContainerRecord } from "../../src/core/record.ts";
import { sameValue } from "../../src/util/same-value.ts";

export interface FileComparison {
  readonly files: ReadonlyMap<string, string>;
  readonly records: readonly ContainerRecord[];
  /** Whether an event is about a broken file. */
  readonly isTold: (path: string) => boolean;
  readonly violated: (rule: string, message: string) => void;
}

interface Declaration {
  readonly path: string;
  readonly key: string;
  readonly spec: unknown;
}

/** Everything that a file says is in effect, or its object says why not (I10, I11); without a file nothing is. */
export function compareFiles(comparison: FileComparison): void {
  const { files, records, isTold, violated } = comparison;
  const { declarations, broken } = readAll(files);
  for (const path of broken) {
    if (!records.some(({ rejection }) => rejection?.path === path) && !isTold(path))
      violated("I10", `${path} is broken, and nobody says so`);
  }
  const paths = new Map<string, number>();
  for (const { key } of declarations) paths.set(key, (paths.get(key) ?? 0) + 1);
  for (const declaration of declarations) {
    const record = records.find((one) => keyOf(one) === declaration.key);
    const found = notInEffect(declaration, record, (paths.get(declaration.key) ?? 0) > 1);
    if (found !== null) violated(...found);
  }
  if (broken.length > 0) return;
  for (const record of records) {
    const { rejection, pruneBlocked } = record;
    if (!paths.has(keyOf(record)) && rejection === null && pruneBlocked === null)
      violated("I3", `${keyOf(record)} stands in no file and is not held back`);
  }
}

function keyOf({ namespace, name }: ContainerRecord): string {
  return `${namespace}/${name}`;
}

/** Whether nothing of the file can be in effect. */
export function isBroken(path: string, text: string): boolean {
  return readAll(new Map([[path, text]])).broken.length > 0;
}

function readAll(files: ReadonlyMap<string, string>): {
  readonly declarations: readonly Declaration[];
  readonly broken: readonly string[];
} {
  const declarations: Declaration[] = [];
  const broken: string[] = [];
  for (const [path, text] of files) {
    const namespace = /^users\/([^/]+)\//.exec(path)?.[1];
    if (namespace === undefined) continue;
    const place = { path, expect: "ContainerSpec", namespaceFromPath: namespace } as const;
    const { documents, problems } = parseSpecText(text, place);
    if (problems.length > 0) broken.push(path);
    else {
      const found = documents.flatMap(withElements).map(({ identity, spec }) => ({
        path,
        key: `${identity.namespace}/${identity.name}`,
        spec,
      }));
      declarations.push(...found);
    }
  }
  return { declarations, broken };
}

/** The rule that is broken, and how; null: it is in effect, or is refused as it must be. */
function notInEffect(
  { path, key, spec }: Declaration,
  record: ContainerRecord | undefined,
  isTwice: boolean,
): [string, string] | null {
  if (record === undefined) return ["I10", `${path} declares ${key}, which is not known`];
  const { rejection } = record;
  if (isTwice) return rejection === null ? ["I11", `${key} stands in two files and is not refused`] : null;
  if (rejection !== null) return ["I10", `${path} is good, but ${key} is refused: ${rejection.message}`];
  return sameValue(record.spec, spec) ? null : ["I10", `${key} is not what ${path} says`];
}
