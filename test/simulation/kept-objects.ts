import { text } from "node:stream/consumers";
import { getHeapSnapshot } from "node:v8";

interface Snapshot {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[];
      readonly node_types: readonly [readonly string[], ...unknown[]];
      readonly edge_fields: readonly string[];
      readonly edge_types: readonly [readonly string[], ...unknown[]];
    };
  };
  readonly nodes: readonly number[];
  readonly edges: readonly number[];
  readonly strings: readonly string[];
}

/**
 * How many things of each kind the instances of a class keep alive, by a snapshot of the heap; what only things of
 * the names `outside` keep alive does not count. Elements of arrays, maps and sets are counted as what they are, so that any book
 * that grows shows.
 */
export async function keptObjects(
  root: string,
  outside: ReadonlySet<string>,
): Promise<ReadonlyMap<string, number>> {
  const heap = JSON.parse(await text(getHeapSnapshot())) as Snapshot;
  const {
    node_fields: nodeFields,
    edge_fields: edgeFields,
    node_types: types,
    edge_types: edgeTypes,
  } = heap.snapshot.meta;
  const [nodeSize, edgeSize] = [nodeFields.length, edgeFields.length];
  const [nameAt, typeAt, countAt] = ["name", "type", "edge_count"].map((field) =>
    nodeFields.indexOf(field),
  ) as [number, number, number];
  const [toAt, kindAt] = [edgeFields.indexOf("to_node"), edgeFields.indexOf("type")];
  const weak = edgeTypes[0].indexOf("weak");
  const at = (list: readonly number[], index: number): number => list[index] ?? 0;
  const nameOf = (node: number): string => heap.strings[at(heap.nodes, node + nameAt)] ?? "";
  const typeOf = (node: number): string => types[0][at(heap.nodes, node + typeAt)] ?? "";

  const firstEdge = new Map<number, number>();
  const toVisit: number[] = [];
  for (let node = 0, edge = 0; node < heap.nodes.length; node += nodeSize) {
    firstEdge.set(node, edge);
    edge += at(heap.nodes, node + countAt) * edgeSize;
    if (typeOf(node) === "object" && nameOf(node) === root) toVisit.push(node);
  }
  const seen = new Set(toVisit);
  const counts = new Map<string, number>();
  for (let node = toVisit.pop(); node !== undefined; node = toVisit.pop()) {
    const type = typeOf(node);
    const name = type === "object" || type === "closure" ? `${type} ${nameOf(node)}` : type;
    counts.set(name, (counts.get(name) ?? 0) + 1);
    const from = firstEdge.get(node) ?? 0;
    for (let edge = from; edge < from + at(heap.nodes, node + countAt) * edgeSize; edge += edgeSize) {
      const to = at(heap.edges, edge + toAt);
      if (at(heap.edges, edge + kindAt) === weak || seen.has(to)) continue;
      seen.add(to);
      if (!outside.has(nameOf(to))) toVisit.push(to);
    }
  }
  return counts;
}
