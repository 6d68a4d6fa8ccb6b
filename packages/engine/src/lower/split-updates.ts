import { elementCount } from '@ar-distill/program';
import { BINARY_KERNELS, UNARY_KERNELS } from '../ir/kernels';
import type { Graph, Node, Value } from '../ir/types';

/** Outputs of the main graph under such keys are what updates read, not results of the program. */
export const CUT_PREFIX = '%cut/';

/** A graph whose updates of the state are graphs of their own, to be run after it. */
export interface SplitGraph {
  /** Everything else, with the values that updates read as further outputs. */
  readonly main: Graph;
  /** Independent of each other; `inputs` are inputs of the program or, under `CUT_PREFIX`, cuts. */
  readonly updates: readonly Graph[];
}

const ELEMENTWISE: ReadonlySet<string> = new Set([...UNARY_KERNELS, ...BINARY_KERNELS]);

/**
 * Cuts off the element-wise arithmetic at the end that only makes new state, such as that of an
 * optimiser: one graph for the entries that share it (weight, moments, average of one parameter).
 * Run one after the other they never hold the whole new state beside the old one.
 */
export function splitUpdates(graph: Graph): SplitGraph {
  const moved = updateNodes(graph);
  const groups = new Groups();
  const stateKey = new Map(Object.entries(graph.state).map(([key, { id }]) => [id, key]));
  const isMoved = ({ origin }: Value): boolean => origin.kind === 'node' && moved.has(origin.node);
  const changed = Object.entries(graph.nextState).filter(([, value]) => isMoved(value));
  const changedBy = new Map(changed.map(([key, { id }]) => [key, id]));
  for (const { inputs, outputs } of moved) {
    for (const value of Object.values(inputs)) {
      if (isMoved(value)) groups.join(value.id, outputs[0]!.id);
      // Who reads an entry must run before it is replaced: they go together.
      const replacement = changedBy.get(stateKey.get(value.id) ?? '');
      if (replacement !== undefined) groups.join(replacement, outputs[0]!.id);
    }
  }
  const members = new Map<number, Node[]>();
  for (const node of graph.nodes) {
    if (!moved.has(node)) continue;
    const root = groups.find(node.outputs[0]!.id);
    const list = members.get(root);
    if (list) list.push(node);
    else members.set(root, [node]);
  }
  const cuts: Record<string, Value> = {};
  const updates = [...members].map(([root, nodes]) =>
    updateGraph(
      graph,
      nodes,
      changed.filter(([, { id }]) => groups.find(id) === root),
      cuts,
    ),
  );
  const kept = Object.entries(graph.nextState).filter(([, value]) => !isMoved(value));
  return {
    main: {
      ...graph,
      nodes: graph.nodes.filter((node) => !moved.has(node)),
      nextState: Object.fromEntries(kept),
      outputs: { ...graph.outputs, ...cuts },
    },
    updates,
  };
}

/** Bytes of new state that the updates make. */
export function updatedBytes({ updates }: SplitGraph): number {
  return updates
    .flatMap(({ nextState }) => Object.values(nextState))
    .reduce((sum, { shape }) => sum + 4 * elementCount(shape), 0);
}

/** Element-wise nodes that nothing but new state depends on; scalars stay where all can read them. */
function updateNodes({ nodes, outputs }: Graph): ReadonlySet<Node> {
  const neededElsewhere = new Set(Object.values(outputs).map(({ id }) => id));
  const moved = new Set<Node>();
  for (const node of [...nodes].reverse()) {
    const operands = Object.values(node.inputs);
    const movable =
      ELEMENTWISE.has(node.kernel) &&
      node.outputs.every(({ id, shape }) => !neededElsewhere.has(id) && elementCount(shape) > 1) &&
      operands.every(({ dtype }) => dtype !== 'bool');
    if (movable) moved.add(node);
    else for (const { id } of operands) neededElsewhere.add(id);
  }
  return moved;
}

function updateGraph(
  graph: Graph,
  nodes: readonly Node[],
  changed: readonly (readonly [string, Value])[],
  cuts: Record<string, Value>,
): Graph {
  const own = new Set(nodes);
  const state: Record<string, Value> = {};
  const inputs: Record<string, Value> = {};
  for (const value of nodes.flatMap((node) => Object.values(node.inputs))) {
    const { origin } = value;
    if (origin.kind === 'state') state[origin.key] = value;
    else if (origin.kind === 'input') inputs[origin.key] = value;
    else if (origin.kind === 'node' && !own.has(origin.node)) {
      const key = `${CUT_PREFIX}${value.id}`;
      inputs[key] = value;
      cuts[key] = value;
    }
  }
  // An entry that is replaced without being read is part of the state all the same.
  for (const [key] of changed) state[key] ??= graph.state[key]!;
  const nextState = Object.fromEntries(changed);
  return { name: `${graph.name}: update`, nodes, state, inputs, nextState, outputs: {} };
}

/** Sets of values that have to be computed together (union-find). */
class Groups {
  private readonly parents = new Map<number, number>();

  find(id: number): number {
    let root = id;
    for (let next = this.parents.get(root); next !== undefined; next = this.parents.get(root)) {
      root = next;
    }
    if (root !== id) this.parents.set(id, root);
    return root;
  }

  join(a: number, b: number): void {
    const [rootA, rootB] = [this.find(a), this.find(b)];
    if (rootA !== rootB) this.parents.set(rootA, rootB);
  }
}
