import * as tf from '@tensorflow/tfjs';
import {
  copyTensors,
  type HostTensors,
  stackIterations,
  type StepFunction,
} from '@ar-distill/program';
import { floats, specOf, uniform } from '../../test-support/arrays';
import {
  SMALL_TRANSFORMER,
  transformerInputs,
  transformerSpec,
  transformerState,
  transformerStep,
} from '../../test-support/transformer';
import { LoadedSession } from '../host/loaded-session';
import { trace, type TraceSpec } from '../trace/trace';
import { type LoweredProgram, lowerProgram } from './lower-program';
import { splitUpdates } from './split-updates';

tf.enableProdMode();

const STEPS = 3;
const SESSION = { intraOpNumThreads: 2, enableMemPattern: false };

/** Runs a lowered program on a copy of the state; returns the new state and the outputs. */
async function execute(program: LoweredProgram, state: HostTensors, inputs: HostTensors) {
  const own = copyTensors(state);
  const choices = { main: SESSION, updates: SESSION };
  const session = await LoadedSession.open({ ...program, name: 'test', store: undefined }, choices);
  const outputs = await session.run(own, inputs);
  await session.release();
  return { state: own, outputs };
}

describe('a training step with its updates split off', () => {
  const graph = trace(
    'step',
    transformerStep(SMALL_TRANSFORMER),
    transformerSpec(SMALL_TRANSFORMER),
  );
  const state = transformerState(SMALL_TRANSFORMER);

  it.each([1, STEPS])('gives the same bits: %i steps a call', async (iterations) => {
    const batches = Array.from({ length: iterations }, (_, i) =>
      transformerInputs(SMALL_TRANSFORMER, 10 * i),
    );
    const inputs = iterations === 1 ? batches[0]! : stackIterations(batches);
    const options = { provider: 'cpu', iterations } as const;
    const whole = lowerProgram(graph, options);
    const split = lowerProgram(graph, { ...options, largeState: 0 });
    expect(whole.updates).toBeUndefined();
    expect(split.updates!.iterations).toBe(iterations);
    const expected = await execute(whole, state, inputs);
    const actual = await execute(split, state, inputs);
    expect(actual).toEqual(expected);
    expect(actual.state['head']).not.toEqual(state['head']);
  });

  it('updates every parameter on its own, with one program for those of a shape', () => {
    const { updates } = lowerProgram(graph, { provider: 'cpu', largeState: 0 });
    const weights = Object.keys(state).filter((name) => !name.startsWith('moment'));
    expect(updates!.calls).toHaveLength(weights.length);
    for (const { targets } of updates!.calls) {
      const [name] = targets.map((key) => key.replace(/^moment\d\//, ''));
      expect([...targets].sort()).toEqual([name, `moment1/${name}`, `moment2/${name}`].sort());
    }
    const shapes = new Set(weights.map((name) => state[name]!.shape.join()));
    expect(updates!.programs).toHaveLength(shapes.size);
  });
});

describe('splitUpdates', () => {
  const STATE: HostTensors = {
    a: uniform([4], -1, 1, 1),
    b: uniform([4], -1, 1, 2),
    mean: floats([], 0),
    table: uniform([2, 4], -1, 1, 3),
  };
  const INPUTS: HostTensors = { x: uniform([4], -1, 1, 4), rate: floats([], 0.5) };
  const specs = (values: HostTensors): TraceSpec['state'] =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, specOf(value)]));
  const spec: TraceSpec = { state: specs(STATE), constants: {}, inputs: specs(INPUTS) };

  it('keeps together what reads an entry and what replaces it', async () => {
    const exchange: StepFunction = ({ state: { a, b, mean, table }, inputs: { x, rate } }) => ({
      state: {
        a: b!.mul(rate!).add(x!),
        b: a!.sub(x!),
        mean: a!.mean(),
        // A product is no element-wise update: the main part replaces it.
        table: tf.matMul(table!, x!.mul(mean!).as2D(4, 1).tile([1, 4])),
      },
      outputs: { total: table!.sum() },
    });
    const graph = trace('exchange', exchange, spec);
    const { main, updates } = splitUpdates(graph);
    expect(updates.map(({ nextState }) => Object.keys(nextState).sort())).toEqual([['a', 'b']]);
    expect(Object.keys(main.nextState).sort()).toEqual(['mean', 'table']);
    const whole = await execute(lowerProgram(graph, { provider: 'cpu' }), STATE, INPUTS);
    const split = await execute(
      lowerProgram(graph, { provider: 'cpu', largeState: 0 }),
      STATE,
      INPUTS,
    );
    expect(split).toEqual(whole);
  });

  it('lets updates read entries that the main part replaces', async () => {
    const step: StepFunction = ({ state: { a, b, mean, table }, inputs: { x } }) => ({
      state: {
        a: a!.add(b!),
        mean: mean!.add(1),
        b: tf.gather(table!, tf.scalar(1, 'int32')).flatten(),
      },
      outputs: { sum: x!.sum() },
    });
    const graph = trace('step', step, spec);
    const [whole, split] = await Promise.all(
      [Infinity, 0].map((largeState) =>
        execute(lowerProgram(graph, { provider: 'cpu', largeState }), STATE, INPUTS),
      ),
    );
    expect(split).toEqual(whole);
    expect(split!.state['b']!.data).toEqual(STATE['table']!.data.slice(4));
  });

  it('does not share a program between updates with different constants', async () => {
    const step: StepFunction = ({ state: { a, b } }) => ({
      state: { a: a!.mul(tf.tensor1d([1, 2, 3, 4])), b: b!.mul(tf.tensor1d([5, 6, 7, 8])) },
      outputs: { one: tf.scalar(1).add(a!.sum()) },
    });
    const graph = trace('step', step, spec);
    const { state } = await execute(
      lowerProgram(graph, { provider: 'cpu', largeState: 0 }),
      STATE,
      INPUTS,
    );
    expect(state['a']!.data).toEqual(STATE['a']!.data.map((v, i) => v * [1, 2, 3, 4][i]!));
    expect(state['b']!.data).toEqual(STATE['b']!.data.map((v, i) => v * [5, 6, 7, 8][i]!));
  });
});
