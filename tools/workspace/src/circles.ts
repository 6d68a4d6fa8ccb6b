/** What each node points at. */
export type Graph = ReadonlyMap<string, readonly string[]>;

/**
 * The circles of a graph: of every set of nodes that reach each other one shortest circle, as
 * `[a, b, c]` for a → b → c → a. Empty when the nodes can be put in an order.
 */
export function circlesOf(graph: Graph): string[][] {
  const circles: string[][] = [];
  const settled = new Set<string>();
  for (const start of [...graph.keys()].sort()) {
    if (settled.has(start)) continue;
    const circle = shortestCircle(graph, start);
    if (!circle) continue;
    circles.push(circle);
    // What reaches `start` and is reached from it lies on circles that mending this one may open.
    const back = reachable(reversed(graph), start);
    for (const node of reachable(graph, start)) if (back.has(node)) settled.add(node);
  }
  return circles;
}

/** The shortest way from `start` back to it. */
function shortestCircle(graph: Graph, start: string): string[] | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const node of queue) {
    for (const next of graph.get(node) ?? []) {
      if (next === start) return wayTo(node, cameFrom, start);
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, node);
      queue.push(next);
    }
  }
  return undefined;
}

function wayTo(end: string, cameFrom: ReadonlyMap<string, string>, start: string): string[] {
  const way = [end];
  for (let node = end; node !== start;) {
    node = cameFrom.get(node) ?? start;
    way.unshift(node);
  }
  return way;
}

function reachable(graph: Graph, start: string): Set<string> {
  const seen = new Set([start]);
  for (const node of seen) for (const next of graph.get(node) ?? []) seen.add(next);
  return seen;
}

function reversed(graph: Graph): Graph {
  const result = new Map<string, string[]>();
  for (const [node, targets] of graph) {
    for (const target of targets) result.set(target, [...(result.get(target) ?? []), node]);
  }
  return result;
}
