import type { Dtype, TensorSpec } from '@ar-distill/program';
import type { KernelName } from '../ir/kernels';
import type { Graph, Value } from '../ir/types';
import { GraphEmitter } from '../onnx/graph-emitter';
import { encodeModel, type ExternalData, type OnnxGraph, type OnnxValueInfo } from '../onnx/model';
import type { FusedKernelName } from './fused-kernels';
import { fuse } from './fusions';
import { ValueNames, type Provider } from './lowering';
import { LOWERINGS } from './tables';

/** An input of the session. */
export interface Feed {
  readonly name: string;
  readonly source: { readonly kind: 'state' | 'input'; readonly key: string };
  readonly spec: TensorSpec;
}

/** An output of the session. */
export interface Fetch {
  readonly name: string;
  readonly target: { readonly kind: 'state' | 'output'; readonly key: string };
  readonly spec: TensorSpec;
}

/** An ONNX model with what goes in and what comes out. */
export interface OnnxProgram {
  readonly model: Uint8Array;
  readonly feeds: readonly Feed[];
  readonly fetches: readonly Fetch[];
  /** Constants that are not in the model; refers to the arrays that were traced. */
  readonly externalData?: readonly ExternalData[];
}

export interface LoweringOptions {
  readonly provider: Provider;
  /**
   * Steps per run (default 1). Above 1 the graph becomes the body of a loop: every input gets a
   * leading axis of this size, state is carried from step to step, outputs get the leading axis.
   */
  readonly iterations?: number | undefined;
  /**
   * Leave large constants out of the model (default false): sessions are given `externalData` then.
   * Models have at most 2 GiB, and what is inside of them is copied several times.
   */
  readonly externalConstants?: boolean;
}

/** Constants of up to this many bytes are part of the model in any case. */
const SMALL_CONSTANT = 2 ** 16;

/**
 * The graph as an ONNX model. State that it returns unchanged is not fetched; state and inputs that
 * nothing reads are not fed.
 */
export function toOnnx(
  graph: Graph,
  { provider, iterations = 1, externalConstants = false }: LoweringOptions,
): OnnxProgram {
  // Fusions that were measured on the CPU only.
  const lowered = provider === 'cpu' ? fuse(graph) : graph;
  const emit = new GraphEmitter(undefined, externalConstants ? SMALL_CONSTANT : Infinity);
  const program =
    iterations === 1
      ? singleStep(lowered, provider, emit)
      : loop(lowered, provider, iterations, emit);
  return externalConstants ? { ...program, externalData: emit.externalData() } : program;
}

/**
 * The graph in standard operators alone, for other runtimes; inputs and outputs have their keys as names.
 * It has no state.
 */
export function toStandardOnnx(graph: Graph): OnnxGraph {
  const fused = fuse(graph);
  const feeds = usedFeeds(fused, () => []).map((feed) => ({ ...feed, name: feed.source.key }));
  const fetches = results(fused).map((fetch) => ({ ...fetch, name: fetch.target.key }));
  return standardStep(fused, feeds, fetches);
}

/** The same of a program with state, whose values have the names of a session's: `state/NAME`, `input/NAME`. */
export function toStandardStep(graph: Graph): {
  readonly graph: OnnxGraph;
  readonly feeds: readonly Feed[];
  readonly fetches: readonly Fetch[];
} {
  const fused = fuse(graph);
  const feeds = usedFeeds(fused, () => []);
  const fetches = results(fused);
  return { graph: standardStep(fused, feeds, fetches), feeds, fetches };
}

function standardStep(graph: Graph, feeds: readonly Feed[], fetches: readonly Fetch[]): OnnxGraph {
  return emitStep(graph, 'cpu', new ValueNames(new GraphEmitter(), true), feeds, fetches);
}

function singleStep(graph: Graph, provider: Provider, emit: GraphEmitter): OnnxProgram {
  const feeds = usedFeeds(graph, () => []);
  const fetches = results(graph);
  const onnx = emitStep(graph, provider, new ValueNames(emit), feeds, fetches);
  return { model: encodeModel(onnx), feeds, fetches };
}

function emitStep(
  graph: Graph,
  provider: Provider,
  names: ValueNames,
  feeds: readonly Feed[],
  fetches: readonly Fetch[],
): OnnxGraph {
  const { emit } = names;
  for (const feed of feeds) names.define(sourceValue(graph, feed), feed.name);
  lowerNodes(graph, names, provider);
  for (const fetch of fetches) {
    emit.nodeOutputs('Identity', [names.tensor(resultValue(graph, fetch))], {}, [fetch.name]);
  }
  return emit.finish(graph.name, feeds.map(valueInfo), fetches.map(valueInfo));
}

function loop(
  graph: Graph,
  provider: Provider,
  iterations: number,
  outer: GraphEmitter,
): OnnxProgram {
  const body = new GraphEmitter(outer);
  const names = new ValueNames(body);
  const feeds = usedFeeds(graph, ({ kind }) => (kind === 'input' ? [iterations] : []));
  const carried = results(graph).filter(({ target }) => target.kind === 'state');
  const scanned = results(graph).filter(({ target }) => target.kind === 'output');
  const step = outer.name();
  const condition = outer.name();
  const carriedIn = carried.map(() => outer.name());
  carried.forEach(({ target }, i) => names.define(graph.state[target.key]!, carriedIn[i]!));
  for (const { source, name } of feeds) {
    if (source.kind === 'input') {
      // The input's row of this step; the whole input is seen from inside of the loop.
      names.define(graph.inputs[source.key]!, body.node('Gather', [name, step], { axis: 0 }));
    } else if (!carried.some(({ target }) => target.key === source.key)) {
      names.define(graph.state[source.key]!, name);
    }
  }
  lowerNodes(graph, names, provider);
  const ends = [...carried, ...scanned].map((fetch) =>
    // Identity: an output of a loop body must be computed inside of it.
    ({ fetch, name: body.node('Identity', [names.tensor(resultValue(graph, fetch))]) }),
  );
  const goOn = body.node('Identity', [condition]);
  const bodyGraph = body.finish(
    `${graph.name}: step`,
    [
      { name: step, type: 'int64', shape: [] },
      { name: condition, type: 'bool', shape: [] },
      ...carried.map(({ spec }, i) => ({
        name: carriedIn[i]!,
        type: spec.dtype,
        shape: spec.shape,
      })),
    ],
    [
      { name: goOn, type: 'bool', shape: [] },
      ...ends.map(({ fetch, name }) => ({ name, type: fetch.spec.dtype, shape: fetch.spec.shape })),
    ],
  );
  outer.nodeOutputs(
    'Loop',
    [
      outer.scalar(iterations, 'int64'),
      outer.scalar(1, 'bool'),
      ...carried.map(({ target }) => `state/${target.key}`),
    ],
    { body: { kind: 'graph', value: bodyGraph } },
    [...carried, ...scanned].map(({ name }) => name),
  );
  const fetches = [
    ...carried,
    ...scanned.map((fetch) => ({
      ...fetch,
      spec: { ...fetch.spec, shape: [iterations, ...fetch.spec.shape] },
    })),
  ];
  const fed = withCarried(graph, feeds, carried);
  const onnx = outer.finish(graph.name, fed.map(valueInfo), fetches.map(valueInfo));
  return { model: encodeModel(onnx), feeds: fed, fetches };
}

/** State that is replaced without being read still starts the loop. */
function withCarried(graph: Graph, feeds: readonly Feed[], carried: readonly Fetch[]): Feed[] {
  const missing = carried.filter(
    ({ target }) =>
      !feeds.some(({ source }) => source.kind === 'state' && source.key === target.key),
  );
  return [
    ...feeds,
    ...missing.map(({ target: { key } }): Feed => {
      const { shape, dtype } = graph.state[key]!;
      return {
        name: `state/${key}`,
        source: { kind: 'state', key },
        spec: { shape, dtype: edgeType(dtype) },
      };
    }),
  ];
}

function lowerNodes(graph: Graph, names: ValueNames, provider: Provider): void {
  const table = LOWERINGS[provider];
  for (const node of graph.nodes) {
    const results = table[node.kernel as KernelName | FusedKernelName](node, names);
    node.outputs.forEach((value, i) => names.define(value, results[i]!));
  }
}

function usedFeeds(graph: Graph, leading: (source: Feed['source']) => readonly number[]): Feed[] {
  const used = new Set<number>();
  for (const { inputs } of graph.nodes) for (const { id } of Object.values(inputs)) used.add(id);
  for (const { id } of Object.values(graph.nextState)) used.add(id);
  for (const { id } of Object.values(graph.outputs)) used.add(id);
  const feeds = (kind: 'state' | 'input', values: Readonly<Record<string, Value>>): Feed[] =>
    Object.entries(values)
      .filter(([, { id }]) => used.has(id))
      .map(([key, { shape, dtype }]) => ({
        name: `${kind}/${key}`,
        source: { kind, key },
        spec: { shape: [...leading({ kind, key }), ...shape], dtype: edgeType(dtype) },
      }));
  return [...feeds('state', graph.state), ...feeds('input', graph.inputs)];
}

function results(graph: Graph): Fetch[] {
  const changed = Object.entries(graph.nextState).filter(
    ([key, value]) => value.id !== graph.state[key]!.id,
  );
  const fetches = (
    kind: 'state' | 'output',
    values: readonly (readonly [string, Value])[],
  ): Fetch[] =>
    values.map(([key, { shape, dtype }]) => ({
      name: kind === 'state' ? `next/${key}` : `output/${key}`,
      target: { kind, key },
      spec: { shape, dtype: edgeType(dtype) },
    }));
  return [...fetches('state', changed), ...fetches('output', Object.entries(graph.outputs))];
}

function sourceValue(graph: Graph, { source }: Feed): Value {
  return (source.kind === 'state' ? graph.state : graph.inputs)[source.key]!;
}

function resultValue(graph: Graph, { target }: Fetch): Value {
  return (target.kind === 'state' ? graph.nextState : graph.outputs)[target.key]!;
}

function edgeType(dtype: Value['dtype']): Dtype {
  if (dtype === 'bool') {
    throw new Error('A boolean cannot leave a program: cast the result to int32 or float32.');
  }
  return dtype;
}

function valueInfo({ name, spec }: Feed | Fetch): OnnxValueInfo {
  return { name, type: spec.dtype, shape: spec.shape };
}
