import { isDeepStrictEqual } from 'node:util';
import { sameShape } from '../ir/shapes';
import type { OnnxGraph, OnnxNode, OnnxTensor, OnnxValueInfo } from '../onnx/model';

/** The graph of a program for one number of samples. */
export interface BatchGraph {
  readonly batch: number;
  readonly graph: OnnxGraph;
}

/** What the number of samples is called in the shapes of inputs and outputs, and before computed names. */
export const BATCH = 'batch';

/**
 * One graph for any number of samples from those of some numbers: shapes that grow linearly with the number
 * are computed from that of the first input, everything else has to be equal. Three graphs tell a line from
 * what is none.
 * @throws Error naming the node that depends on the number in another way.
 */
export function forAnyBatch(traced: readonly BatchGraph[]): OnnxGraph {
  return new Unification(traced).graph();
}

class Unification {
  private readonly nodes: OnnxNode[] = [];
  private readonly initializers = new Map<string, OnnxTensor>();
  /** Names of one value in all graphs, by that in the first. */
  private readonly values = new Map<string, string>();
  private readonly constants: readonly ReadonlyMap<string, OnnxTensor>[];
  private readonly first: OnnxGraph;
  private size: string | undefined;

  constructor(private readonly traced: readonly BatchGraph[]) {
    this.first = traced[0]!.graph;
    this.constants = traced.map(
      ({ graph }) => new Map(graph.initializers.map((tensor) => [tensor.name, tensor])),
    );
  }

  graph(): OnnxGraph {
    const { name, inputs, outputs, nodes } = this.first;
    const ends = inputs.map((_, i) => this.end('input', i));
    for (const { name: input } of inputs) this.define(this.traced.map(() => input));
    if (this.traced.some(({ graph }) => graph.nodes.length !== nodes.length)) {
      throw new Error(
        `The program "${name}" has other operators for another number of samples: build them from the shapes of samples alone.`,
      );
    }
    nodes.forEach((_, i) => this.unify(this.traced.map(({ graph }) => graph.nodes[i]!)));
    return {
      name,
      nodes: this.nodes,
      initializers: [...this.initializers.values()],
      inputs: ends,
      outputs: outputs.map((_, i) => this.end('output', i)),
    };
  }

  private unify(nodes: readonly OnnxNode[]): void {
    const [first, ...others] = nodes as [OnnxNode, ...OnnxNode[]];
    const { op, domain, attributes } = first;
    const isSame = others.every(
      (node) =>
        node.op === op &&
        node.domain === domain &&
        node.inputs.length === first.inputs.length &&
        node.outputs.length === first.outputs.length &&
        isDeepStrictEqual(node.attributes, attributes),
    );
    if (!isSame) throw this.unlike(first);
    const inputs = first.inputs.map((_, i) =>
      this.operand(
        first,
        nodes.map((node) => node.inputs[i]!),
      ),
    );
    first.outputs.forEach((_, i) => this.define(nodes.map((node) => node.outputs[i]!)));
    this.nodes.push({ ...first, inputs });
  }

  /** The name of what the nodes read under these names. */
  private operand(reader: OnnxNode, names: readonly string[]): string {
    const tensors = names.flatMap((name, i) => this.constants[i]!.get(name) ?? []);
    if (tensors.length === names.length) return this.constant(reader, tensors);
    if (this.values.get(names[0]!) !== joined(names)) throw this.unlike(reader);
    return names[0]!;
  }

  private constant(reader: OnnxNode, tensors: readonly OnnxTensor[]): string {
    const [first, ...others] = tensors as [OnnxTensor, ...OnnxTensor[]];
    if (others.every((tensor) => isSameTensor(first, tensor))) {
      this.initializers.set(first.name, first);
      return first.name;
    }
    const line = lineOf(
      this.traced.map(({ batch }) => batch),
      tensors,
    );
    if (!line) throw this.unlike(reader);
    return this.onLine(line);
  }

  /** The sizes slopes·batch + offsets. */
  private onLine({ slopes, offsets }: Line): string {
    const name = `${BATCH}·[${slopes.join()}]+[${offsets.join()}]`;
    if (this.values.has(name)) return name;
    const grown = offsets.every((offset) => offset === 0) ? name : `${BATCH}·[${slopes.join()}]`;
    if (!this.values.has(grown)) {
      this.append('Mul', [this.batch(), this.int64(slopes)], grown);
    }
    if (grown !== name) this.append('Add', [grown, this.int64(offsets)], name);
    return name;
  }

  /** The number of samples, [1]. */
  private batch(): string {
    if (this.size !== undefined) return this.size;
    const [input] = this.first.inputs;
    if (!input) {
      throw new Error(`The program "${this.first.name}" has no inputs that tell how many samples.`);
    }
    this.size = BATCH;
    this.append('Shape', [input.name], BATCH, {
      start: { kind: 'int', value: 0 },
      end: { kind: 'int', value: 1 },
    });
    return this.size;
  }

  private append(
    op: string,
    inputs: readonly string[],
    output: string,
    attributes: OnnxNode['attributes'] = {},
  ): void {
    this.nodes.push({ op, domain: '', inputs, outputs: [output], attributes });
    this.define(this.traced.map(() => output));
  }

  private int64(values: readonly number[]): string {
    const name = `[${values.join()}]`;
    const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    this.initializers.set(name, { name, shape: [values.length], type: 'int64', bytes });
    return name;
  }

  private define(names: readonly string[]): void {
    this.values.set(names[0]!, joined(names));
  }

  /** An input or output, whose first axis is that of the samples. */
  private end(kind: 'input' | 'output', index: number): OnnxValueInfo {
    const ends = this.traced.map(({ batch, graph }) => ({
      batch,
      info: (kind === 'input' ? graph.inputs : graph.outputs)[index]!,
    }));
    const { info } = ends[0]!;
    const rest = info.shape.slice(1);
    const isPerSample = ends.every(
      ({ batch, info: other }) =>
        other.shape[0] === batch && isDeepStrictEqual(other.shape.slice(1), rest),
    );
    if (!isPerSample) {
      throw new Error(
        `The ${kind} "${info.name}" of the program "${this.first.name}" has no leading axis of samples: give it one.`,
      );
    }
    return { ...info, shape: [BATCH, ...rest] };
  }

  private unlike({ op, outputs }: OnnxNode): Error {
    return new Error(
      `The program "${this.first.name}" cannot take any number of samples, because its ${op} "${outputs[0]}" depends on it in another way than by a size that grows with it: take sizes from shapes, and no values from the number of samples.`,
    );
  }
}

/** Sizes that are slopes·batch + offsets. */
interface Line {
  readonly slopes: readonly number[];
  readonly offsets: readonly number[];
}

/** The line through lists of int64 at these numbers of samples; undefined where there is none. */
function lineOf(batches: readonly number[], tensors: readonly OnnxTensor[]): Line | undefined {
  const { type, shape } = tensors[0]!;
  const isAlike = tensors.every((tensor) => tensor.type === type && sameShape(tensor.shape, shape));
  if (type !== 'int64' || shape.length !== 1 || !isAlike) return undefined;
  const values = tensors.map(({ bytes }) =>
    Array.from(new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8), Number),
  );
  const [start, next] = values as [number[], number[]];
  const step = batches[1]! - batches[0]!;
  const slopes = start.map((value, i) => (next[i]! - value) / step);
  const offsets = start.map((value, i) => value - slopes[i]! * batches[0]!);
  const isLine = values.every((own, at) =>
    own.every((value, i) => value === slopes[i]! * batches[at]! + offsets[i]!),
  );
  return isLine && slopes.every(Number.isInteger) ? { slopes, offsets } : undefined;
}

function isSameTensor(a: OnnxTensor, b: OnnxTensor): boolean {
  return a.type === b.type && sameShape(a.shape, b.shape) && Buffer.compare(a.bytes, b.bytes) === 0;
}

function joined(names: readonly string[]): string {
  return names.join('\n');
}
