import { elementCount } from '@ar-distill/program';
import type { OnnxGraph, OnnxNode, OnnxTensor } from '../onnx/model';
import { float32Values } from './values';

/** Values of smaller weights would save nothing that counts. */
const SMALLEST = 1024;
/** int8 values are used from −127 to 127, so that a weight and its negative are equally exact. */
const LARGEST = 127;

/**
 * The same graph with its larger weights as int8, each channel with a scale of its own (symmetric, the
 * largest magnitude is 127): those of matrix products and convolutions by output channel, tables that rows
 * are taken from by row. All arithmetic stays float32.
 */
export function integerWeights(graph: OnnxGraph): OnnxGraph {
  const channels = new ChannelAxes(graph);
  const initializers: OnnxTensor[] = [];
  const nodes: OnnxNode[] = [];
  for (const tensor of graph.initializers) {
    const axis = isLargeWeight(tensor) ? channels.of(tensor.name) : undefined;
    if (axis === undefined) {
      initializers.push(tensor);
      continue;
    }
    const { values, scales } = quantize(tensor, axis);
    initializers.push(values, scales);
    nodes.push({
      op: 'DequantizeLinear',
      domain: '',
      inputs: [values.name, scales.name],
      outputs: [tensor.name],
      attributes: { axis: { kind: 'int', value: axis } },
    });
  }
  return { ...graph, initializers, nodes: [...nodes, ...graph.nodes] };
}

function isLargeWeight({ type, shape }: OnnxTensor): boolean {
  return type === 'float32' && shape.length >= 2 && elementCount(shape) >= SMALLEST;
}

/** Where a node reads a value. */
interface Reading {
  readonly node: OnnxNode;
  readonly index: number;
}

/** Which axis of a weight holds what is computed apart, by those who read it. */
class ChannelAxes {
  private readonly readings = new Map<string, Reading[]>();
  private readonly ranks: ReadonlyMap<string, number>;

  constructor({ nodes, initializers }: OnnxGraph) {
    this.ranks = new Map(initializers.map(({ name, shape }) => [name, shape.length]));
    for (const node of nodes) {
      node.inputs.forEach((name, index) => {
        this.readings.set(name, [...(this.readings.get(name) ?? []), { node, index }]);
      });
    }
  }

  /** The axis of the weight's channels; undefined where readers disagree or it is no weight. */
  of(weight: string): number | undefined {
    return this.among(weight, this.ranks.get(weight)!);
  }

  private among(name: string, rank: number): number | undefined {
    const axes = (this.readings.get(name) ?? []).map((reading) => this.axisFor(reading, rank));
    return axes.every((axis) => axis === axes[0]) ? axes[0] : undefined;
  }

  private axisFor({ node, index }: Reading, rank: number): number | undefined {
    const { op, attributes, outputs } = node;
    if (op === 'MatMul') return index === 1 ? rank - 1 : rank - 2;
    if (op === 'Conv' && index === 1) return 0;
    if (op === 'Gather' && index === 0) return axisOf(attributes['axis']) === 0 ? 0 : undefined;
    if (op !== 'Transpose') return undefined;
    const { perm } = attributes;
    const axis = this.among(outputs[0]!, rank);
    return axis === undefined || perm?.kind !== 'ints' ? undefined : perm.value[axis];
  }
}

function axisOf(attribute: OnnxNode['attributes'][string] | undefined): number | undefined {
  return attribute?.kind === 'int' ? attribute.value : undefined;
}

function quantize(tensor: OnnxTensor, axis: number) {
  const { name, shape } = tensor;
  const source = float32Values(tensor);
  const channels = shape[axis]!;
  const inner = elementCount(shape.slice(axis + 1));
  const channelOf = (i: number): number => Math.floor(i / inner) % channels;
  const largest = new Float32Array(channels);
  source.forEach((value, i) => {
    const channel = channelOf(i);
    largest[channel] = Math.max(largest[channel]!, Math.abs(value));
  });
  // A channel of zeros has any scale.
  const scales = largest.map((magnitude) => magnitude / LARGEST || 1);
  const values = new Int8Array(source.length);
  source.forEach((value, i) => {
    values[i] = Math.round(value / scales[channelOf(i)]!);
  });
  return {
    values: { name: `${name}/int8`, shape, type: 'int8', bytes: new Uint8Array(values.buffer) },
    scales: {
      name: `${name}/scales`,
      shape: [channels],
      type: 'float32',
      bytes: new Uint8Array(scales.buffer),
    },
  } satisfies Record<string, OnnxTensor>;
}
