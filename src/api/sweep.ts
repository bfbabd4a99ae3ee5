import type { SpecIdentity } from "./identity.ts";
import type { ParsedContainerSpec, ParsedDocument } from "./parsed-document.ts";

/** Label of the elements of a sweep: the name of the sweep. */
export const sweepLabel = "ds01.io/sweep";

/** Which container of a sweep an object is. */
export interface SweepElement {
  /** Name of the sweep, in the same namespace. */
  readonly of: string;
  /** From 0. */
  readonly index: number;
  /** How many there are, as the file says now. */
  readonly replicas: number;
}

/** A document and, where it is a sweep, one more for each of its containers; those come first. */
export function withElements(document: ParsedDocument): readonly ParsedDocument[] {
  if (document.kind !== "ContainerSpec" || document.spec.replicas === undefined) return [document];
  const { replicas } = document.spec;
  const elements = Array.from({ length: replicas }, (_, index) => elementOf(document, index, replicas));
  return [...elements, document];
}

/** The identities of a sweep's elements. */
export function identitiesWithElements(
  identities: readonly SpecIdentity[],
  documents: readonly ParsedDocument[],
): readonly SpecIdentity[] {
  const elements = documents.flatMap(({ element, identity }) => (element === undefined ? [] : [identity]));
  return [...elements, ...identities];
}

function elementOf(document: ParsedContainerSpec, index: number, replicas: number): ParsedContainerSpec {
  const { identity, metadata, spec } = document;
  const { replicas: _, parallelism: __, ...own } = spec;
  return {
    ...document,
    identity: { ...identity, name: `${identity.name}-${index}` },
    metadata: { ...metadata, labels: { ...metadata.labels, [sweepLabel]: identity.name } },
    spec: own,
    element: { of: identity.name, index, replicas },
  };
}
