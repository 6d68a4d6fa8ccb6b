import { printGraph } from '../ir/print-graph';
import type { Graph, Value } from '../ir/types';
import { CUT_PREFIX, splitUpdates, updatedBytes } from './split-updates';
import { toOnnx, type Feed, type LoweringOptions, type OnnxProgram } from './to-onnx';

/** One run of an update: what goes into its feeds and where its results go, in their order. */
export interface UpdateCall {
  /** Index among the programs. */
  readonly program: number;
  readonly sources: readonly UpdateSource[];
  /** Entries of the state that are replaced. */
  readonly targets: readonly string[];
}

/** Where an update reads: the state, an input of the program, or a result of its main part. */
export type UpdateSource = Feed['source'] | { readonly kind: 'cut'; readonly key: string };

/** The updates of a program's state, apart from its main part. */
export interface LoweredUpdates {
  /** Updates of equal structure share one. */
  readonly programs: readonly OnnxProgram[];
  readonly calls: readonly UpdateCall[];
  /** Times that main part and updates run in turn per call of the program. */
  readonly iterations: number;
}

/** A program as ONNX models: one, or a main part and updates that run after it. */
export interface LoweredProgram {
  readonly main: OnnxProgram;
  readonly updates?: LoweredUpdates;
}

/**
 * New state of more bytes than this is not made all at once. Below, one fused model is as fast or
 * faster; above, old and new state together decide whether a step fits into memory.
 */
const LARGE_STATE = 2 ** 28;

/** Lowers a graph; `largeState` (bytes of new state) is from where updates are split off. */
export function lowerProgram(
  graph: Graph,
  options: LoweringOptions & { readonly largeState?: number },
): LoweredProgram {
  const split = splitUpdates(graph);
  if (updatedBytes(split) <= (options.largeState ?? LARGE_STATE)) {
    return { main: toOnnx(graph, options) };
  }
  // A loop would carry the whole state; the host repeats the steps instead.
  const single = { ...options, iterations: 1 };
  const programs: OnnxProgram[] = [];
  const known = new Map<string, number>();
  const calls = split.updates.map((update): UpdateCall => {
    const { canonical, state, inputs } = anonymous(update);
    const signature = `${printGraph(canonical)}\n${constantIds(update).join()}`;
    let program = known.get(signature);
    if (program === undefined) {
      program = programs.length;
      known.set(signature, program);
      programs.push(toOnnx(canonical, single));
    }
    const { feeds, fetches } = programs[program]!;
    return {
      program,
      sources: feeds.map(({ source: { kind, key } }): UpdateSource => {
        if (kind === 'state') return { kind, key: state.get(key)! };
        const name = inputs.get(key)!;
        return { kind: name.startsWith(CUT_PREFIX) ? 'cut' : 'input', key: name };
      }),
      targets: fetches.map(({ target }) => state.get(target.key)!),
    };
  });
  return {
    main: toOnnx(split.main, single),
    updates: { programs, calls, iterations: options.iterations ?? 1 },
  };
}

/** The graph with numbers in place of its keys, and the keys that the numbers stand for. */
function anonymous({ state, inputs, nextState, ...graph }: Graph) {
  const renamed = <T>(values: Readonly<Record<string, T>>) => {
    const entries = Object.entries(values);
    return {
      keys: new Map(entries.map(([key], i) => [String(i), key])),
      values: Object.fromEntries(entries.map(([, value], i) => [String(i), value])),
    };
  };
  const [ownState, ownInputs] = [renamed(state), renamed(inputs)];
  const numbers = new Map([...ownState.keys].map(([number, key]) => [key, number]));
  const canonical: Graph = {
    ...graph,
    state: ownState.values,
    inputs: ownInputs.values,
    nextState: Object.fromEntries(
      Object.entries(nextState).map(([key, value]) => [numbers.get(key)!, value]),
    ),
  };
  return { canonical, state: ownState.keys, inputs: ownInputs.keys };
}

/** Constants are compared by identity: their text does not show what is in them. */
function constantIds({ nodes }: Graph): number[] {
  const isConstant = ({ origin }: Value): boolean => origin.kind === 'constant';
  return nodes.flatMap(({ inputs }) =>
    Object.values(inputs)
      .filter(isConstant)
      .map(({ id }) => id),
  );
}
