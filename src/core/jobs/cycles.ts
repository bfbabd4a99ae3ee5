/** A way from a node back to itself: each is followed by the next, and the last by the first. */
export interface Cycle {
  readonly nodes: readonly string[];
  /** Where in it the node stands that was asked about. */
  readonly at: number;
}

/** All that reach each other, with one of them that ways are found over. */
interface Component {
  /** Node -> the one before it on the way from the root. */
  readonly parents: ReadonlyMap<string, string>;
  /** Node -> the next one on the way to the root. */
  readonly homeward: ReadonlyMap<string, string>;
  readonly root: string;
}

type Next = (node: string) => readonly string[];

/**
 * Tells of nodes whether they lie on a cycle, and on which. The graph is searched once, each edge a fixed number of
 * times, however many ways lead through it; a cycle is put together when somebody asks for it.
 *
 * @param next where edges lead from a node; asked once for each.
 */
export function findCycles(nodes: Iterable<string>, next: Next): (node: string) => Cycle | null {
  const edges = new Map<string, readonly string[]>();
  for (const node of nodes) edges.set(node, next(node));
  const edgesOf: Next = (node) => edges.get(node) ?? [];
  const componentOf = new Map<string, Component>();
  for (const members of components(edges.keys(), edgesOf)) {
    const component = componentFrom(members, edgesOf);
    if (component !== null) for (const node of members) componentOf.set(node, component);
  }
  const known = new Map<string, Cycle>();
  return (node) => {
    const component = componentOf.get(node);
    if (component === undefined) return null;
    if (!known.has(node)) {
      const found = edgesOf(node).includes(node) ? [node] : wayRound(node, component, edgesOf);
      for (const [at, one] of found.entries()) if (!known.has(one)) known.set(one, { nodes: found, at });
    }
    return known.get(node) ?? null;
  };
}

/** Strongly connected components by Tarjan's search (SIAM J. Comput. 1:2, 1972), without recursion. */
function components(nodes: Iterable<string>, edgesOf: Next): readonly (readonly string[])[] {
  const found: (readonly string[])[] = [];
  const order = new Map<string, number>();
  /** Entered, and not yet in a component. */
  const open: string[] = [];
  const isOpen = new Set<string>();
  const visits: { readonly node: string; readonly edges: readonly string[]; at: number; low: number }[] = [];
  const enter = (node: string): void => {
    const low = order.size;
    order.set(node, low);
    open.push(node);
    isOpen.add(node);
    visits.push({ node, edges: edgesOf(node), at: 0, low });
  };
  for (const start of nodes) {
    if (!order.has(start)) enter(start);
    for (let visit = visits.at(-1); visit !== undefined; visit = visits.at(-1)) {
      const target = visit.edges[visit.at];
      visit.at += 1;
      if (target !== undefined) {
        if (!order.has(target)) enter(target);
        else if (isOpen.has(target)) visit.low = Math.min(visit.low, order.get(target) ?? 0);
        continue;
      }
      visits.pop();
      const parent = visits.at(-1);
      if (parent !== undefined) parent.low = Math.min(parent.low, visit.low);
      if (visit.low !== order.get(visit.node)) continue;
      const members = open.splice(open.lastIndexOf(visit.node));
      for (const node of members) isOpen.delete(node);
      found.push(members);
    }
  }
  return found;
}

/** Null for a node that does not lead back to itself. The least name is the root, so that the order does not matter. */
function componentFrom(members: readonly string[], edgesOf: Next): Component | null {
  const sorted = members.toSorted();
  const [root] = sorted;
  if (root === undefined || (members.length === 1 && !edgesOf(root).includes(root))) return null;
  const inside = new Set(members);
  const backwards = new Map(sorted.map((node): [string, string[]] => [node, []]));
  for (const node of sorted) for (const target of edgesOf(node)) backwards.get(target)?.push(node);
  return {
    root,
    parents: tree(root, (node) => edgesOf(node).filter((target) => inside.has(target))),
    homeward: tree(root, (node) => backwards.get(node) ?? []),
  };
}

/** Each node that can be reached -> the one it was reached from first, breadth first. */
function tree(root: string, next: Next): ReadonlyMap<string, string> {
  const from = new Map<string, string>();
  const reached = [root];
  for (const node of reached) {
    for (const target of next(node)) {
      if (target === root || from.has(target)) continue;
      from.set(target, node);
      reached.push(target);
    }
  }
  return from;
}

/** To the root and from there back, by the first node that both ways share. */
function wayRound(node: string, { root, parents, homeward }: Component, edgesOf: Next): readonly string[] {
  const back = [node];
  for (let one = parents.get(node); one !== undefined; one = parents.get(one)) back.push(one);
  const places = new Map(back.map((one, place) => [one, place]));
  const first = node === root ? edgesOf(root).find((one) => homeward.has(one)) : homeward.get(node);
  const way = [node];
  for (let one = first; one !== undefined; one = homeward.get(one)) {
    const place = places.get(one);
    if (place !== undefined) return place === 0 ? way : [...way, ...back.slice(1, place + 1).toReversed()];
    way.push(one);
  }
  return way;
}
