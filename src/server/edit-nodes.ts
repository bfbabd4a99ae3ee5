import { isMap, isScalar, isSeq } from "yaml";
import type { Document, Node, YAMLMap, YAMLSeq } from "yaml";
import { canonicalJson } from "../util/hash.ts";
import { applyMergePatch, isObject, mergePatchBetween } from "./merge-patch.ts";
import type { MergePatch } from "./merge-patch.ts";

/** Fields by which people know the items of a list, in this order: as in the lists of a Pod. */
const keys = ["name", "containerPort", "mountPath"] as const;

/** Carries a merge patch out on the nodes of a document: what it does not change keeps its comments and its style. */
export function editNodes(document: Document, map: YAMLMap, patch: MergePatch): void {
  for (const [name, value] of Object.entries(patch)) {
    const existing = map.get(name, true);
    if (value === null) map.delete(name);
    else if (isObject(value) && isMap(existing)) editNodes(document, existing, value);
    else if (Array.isArray(value) && isSeq(existing)) editItems(document, existing, value);
    else if (isScalar(existing) && typeof value !== "object") {
      // Setting the value of the node that is there keeps its comment.
      existing.value = value;
      delete existing.source;
    } else map.set(name, document.createNode(applyMergePatch(undefined, value)));
  }
}

/** A list is replaced as a whole, but of its items each stays the node that it was: the same one, or of the same key. */
function editItems(document: Document, list: YAMLSeq, wanted: readonly unknown[]): void {
  const [first] = list.items as readonly Node[];
  const left = (list.items as readonly Node[]).map((node) => ({
    node,
    value: node.toJS(document) as unknown,
  }));
  const take = (isMeant: (value: unknown, node: Node) => boolean): Node | undefined => {
    const place = left.findIndex(({ node, value }) => isMeant(value, node));
    return place === -1 ? undefined : left.splice(place, 1)[0]?.node;
  };
  const same = wanted.map((value) => take((one) => canonicalJson(one) === canonicalJson(value)));
  list.items = wanted.map((value, place) => {
    const kept = same[place];
    if (kept !== undefined) return kept;
    const known = isObject(value) ? take((one, node) => isMap(node) && hasKeyOf(one, value)) : undefined;
    const before: unknown = known?.toJS(document);
    if (!isMap(known) || !isObject(value) || !isObject(before)) return document.createNode(value);
    editNodes(document, known, mergePatchBetween(before, value));
    return known;
  });
  // YAML takes what stands above the first item for the list's own; it goes where that item goes.
  if (first === undefined || list.items.indexOf(first) < 1 || list.commentBefore == null) return;
  first.commentBefore = list.commentBefore;
  list.commentBefore = null;
}

function hasKeyOf(one: unknown, other: Readonly<Record<string, unknown>>): boolean {
  const key = keys.find((name) => other[name] !== undefined);
  return key !== undefined && isObject(one) && one[key] === other[key];
}
