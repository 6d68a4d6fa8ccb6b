import { attributesKey, numberKey } from './attributes';
import type { Attributes, ConstantData, Graph, Node, Origin, Value, ValueDtype } from './types';

/** Shape and type of one result of a kernel. */
export interface ResultType {
  readonly shape: readonly number[];
  readonly dtype: ValueDtype;
}

/**
 * Collects the nodes of a graph. Equal computations are the same value (common-subexpression
 * elimination happens here: the trainer traces the generator's forward twice and relies on it), and
 * equal constants are one constant.
 */
export class GraphBuilder {
  private nextId = 0;
  private readonly nodes: Node[] = [];
  private readonly known = new Map<string, Node>();
  private readonly constants = new Map<string, Value[]>();
  private readonly splats = new Map<string, Value>();

  edge(kind: 'state' | 'input', key: string, { shape, dtype }: ResultType): Value {
    return this.value(shape, dtype, { kind, key });
  }

  /** A constant; `data` is kept, so it must not change afterwards. */
  constant(data: ConstantData, { shape, dtype }: ResultType): Value {
    const first = data[0];
    if (data.length === 1 && first !== undefined) return this.splat(first, { shape, dtype });
    if (first !== undefined && data.every((element) => Object.is(element, first))) {
      return this.splat(first, { shape, dtype });
    }
    const key = `${dtype}[${shape.join()}]${fingerprint(data)}`;
    const candidates = this.constants.get(key) ?? [];
    const same = candidates.find(
      ({ origin }) =>
        origin.kind === 'constant' &&
        (origin.data === data || origin.data.every((element, i) => Object.is(element, data[i]))),
    );
    if (same) return same;
    const value = this.value(shape, dtype, { kind: 'constant', data });
    this.constants.set(key, [...candidates, value]);
    return value;
  }

  splat(element: number, { shape, dtype }: ResultType): Value {
    const key = `${dtype}[${shape.join()}]${numberKey(element)}`;
    let value = this.splats.get(key);
    if (!value) {
      value = this.value(shape, dtype, { kind: 'splat', value: element });
      this.splats.set(key, value);
    }
    return value;
  }

  /** The outputs of a kernel call; those of an equal earlier call when there was one. */
  node(
    kernel: string,
    inputs: Readonly<Record<string, Value>>,
    attributes: Attributes,
    results: readonly ResultType[],
  ): readonly Value[] {
    const operands = Object.entries(inputs).map(
      ([name, { id }]) => `${JSON.stringify(name)}:${id}`,
    );
    const key = `${kernel}(${operands.join()})${attributesKey(attributes)}`;
    const existing = this.known.get(key);
    if (existing) return existing.outputs;
    const outputs: Value[] = [];
    const node: Node = { kernel, inputs, attributes, outputs };
    results.forEach(({ shape, dtype }, index) => {
      outputs.push(this.value(shape, dtype, { kind: 'node', node, index }));
    });
    this.nodes.push(node);
    this.known.set(key, node);
    return outputs;
  }

  /** The graph of what is reachable from the results; everything else was computed in vain. */
  finish(name: string, edges: Pick<Graph, 'state' | 'inputs' | 'nextState' | 'outputs'>): Graph {
    const needed = new Set<Node>();
    const visit = (roots: Iterable<Value>): void => {
      const pending = [...roots];
      for (let value = pending.pop(); value; value = pending.pop()) {
        if (value.origin.kind !== 'node' || needed.has(value.origin.node)) continue;
        needed.add(value.origin.node);
        pending.push(...Object.values(value.origin.node.inputs));
      }
    };
    visit(Object.values(edges.nextState));
    visit(Object.values(edges.outputs));
    return { name, ...edges, nodes: this.nodes.filter((node) => needed.has(node)) };
  }

  private value(shape: readonly number[], dtype: ValueDtype, origin: Origin): Value {
    return { id: this.nextId++, shape: [...shape], dtype, origin };
  }
}

/** Elements that a fingerprint looks at. */
const FINGERPRINT_ELEMENTS = 4096;

/** FNV-1a over some of the bytes: equal arrays have equal fingerprints, others hardly ever. */
function fingerprint(data: ConstantData): number {
  const size = data.BYTES_PER_ELEMENT;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const stride = size * Math.ceil(data.length / FINGERPRINT_ELEMENTS);
  let hash = 0x811c9dc5;
  for (let start = 0; start < bytes.length; start += stride) {
    for (let i = start; i < start + size; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  }
  return hash >>> 0;
}
