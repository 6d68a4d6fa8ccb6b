import * as tf from '@tensorflow/tfjs';
import { createEngine, type Engine, type EngineOptions } from '@ar-distill/engine';
import type { HostTensors } from '@ar-distill/program';
import { batch, initialState, trainingProgram, uniform } from './training-program';

const ENGINES: Record<string, EngineOptions> = {
  'in a worker': { threads: 1 },
  'in process': { threads: 1, worker: false },
  eager: { backend: 'cpu' },
};
const OPEN: Engine[] = [];

function open(options: EngineOptions): Engine {
  const engine = createEngine(options);
  OPEN.push(engine);
  return engine;
}

afterEach(async () => {
  for (const engine of OPEN.splice(0)) await engine.dispose();
});

/** State and outputs after some updates. */
async function train(engine: Engine, updates: number): Promise<HostTensors> {
  const store = await engine.createStore(initialState());
  const step = await engine.compile(trainingProgram(), store);
  let outputs: HostTensors = {};
  for (let i = 0; i < updates; i++) outputs = await step.run(batch(i));
  return { ...(await store.read()), ...outputs };
}

function largestDifference(a: HostTensors, b: HostTensors): number {
  let largest = 0;
  for (const [name, { data }] of Object.entries(a)) {
    data.forEach((x, i) => (largest = Math.max(largest, Math.abs(x - b[name]!.data[i]!))));
  }
  return largest;
}

describe('an engine', () => {
  it('trains as tfjs does op by op', async () => {
    const compiled = await train(open({ threads: 2 }), 20);
    const eager = await train(open({ backend: 'cpu' }), 20);
    expect(Object.keys(compiled).sort()).toEqual(Object.keys(eager).sort());
    expect(largestDifference(compiled, eager)).toBeLessThan(1e-5);
    expect(compiled['update']).toEqual({ shape: [], dtype: 'int32', data: Int32Array.of(20) });
  });

  it('computes the same bits every time, with or without a worker', async () => {
    const [first, second, third] = [
      await train(open({ threads: 2 }), 5),
      await train(open({ threads: 2 }), 5),
      await train(open({ threads: 2, worker: false }), 5),
    ];
    expect(second).toEqual(first);
    expect(third).toEqual(first);
  });

  it('lets several be in use at once', async () => {
    const engines = [
      open({ threads: 1 }),
      open({ threads: 1 }),
      open({ threads: 1, worker: false }),
    ];
    const [first, ...others] = await Promise.all(engines.map((engine) => train(engine, 5)));
    for (const other of others) expect(other).toEqual(first);
  });

  it('profiles by operator', async () => {
    const engine = open({ profile: true, threads: 1 });
    await train(engine, 3);
    const [profile, ...others] = await engine.profile();
    expect(others).toEqual([]);
    expect(profile?.program).toBe('train');
    const products = profile!.operators.filter(({ operator }) => /MatMul|Gemm/.test(operator));
    expect(products.length).toBeGreaterThan(0);
    expect(products[0]!.calls % 3).toBe(0);
    expect(profile!.operators.every(({ milliseconds }) => milliseconds >= 0)).toBe(true);
  });

  it('says that a profile was not asked for', async () => {
    const engine = open({ threads: 1 });
    await train(engine, 1);
    await expect(engine.profile()).rejects.toThrow('created without profile: true');
    await expect(open({ backend: 'cpu' }).profile()).rejects.toThrow('use onnxruntime');
  });

  it('refuses impossible options', () => {
    process.env['AR_DISTILL_TENSORFLOW'] = '/nowhere';
    expect(() => createEngine({ threads: 0 })).toThrow('cannot run on 0 threads');
    expect(() => createEngine({ backend: 'tensorflow' })).toThrow(
      'The tensorflow backend is not installed: ar-distill doctor --install-tensorflow cpu',
    );
  });

  it.each([true, false])(
    'leaves the arithmetic of the caller alone (worker: %s)',
    async (worker) => {
      await train(open({ threads: 2, worker }), 1);
      expect(Number.MIN_VALUE * Number(OPEN.length)).toBeGreaterThan(0);
    },
  );

  it('leaves the tfjs backend of the application alone', async () => {
    await tf.setBackend('cpu');
    const before = tf.memory().numTensors;
    await train(open({ backend: 'cpu' }), 2);
    await train(open({ threads: 1 }), 2);
    for (const engine of OPEN.splice(0)) await engine.dispose();
    expect(tf.getBackend()).toBe('cpu');
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe.each(Object.entries(ENGINES))('an engine %s', (_, options) => {
  it('runs K iterations as K runs', async () => {
    const engine = open(options);
    const single = await engine.createStore(initialState());
    const step = await engine.compile(trainingProgram(), single);
    const losses: number[] = [];
    const predictions: number[] = [];
    for (let i = 0; i < 4; i++) {
      const outputs = await step.run(batch(i));
      losses.push(outputs['loss']!.data[0]!);
      predictions.push(...outputs['predictions']!.data);
    }
    const looped = await engine.createStore(initialState());
    const loop = await engine.compile(trainingProgram({ iterations: 4 }), looped);
    const outputs = await loop.run(batch(0, 4));
    expect(outputs['loss']).toEqual({
      shape: [4],
      dtype: 'float32',
      data: Float32Array.from(losses),
    });
    expect(outputs['predictions']!.shape).toEqual([4, 8]);
    expect([...outputs['predictions']!.data]).toEqual(predictions);
    expect(await looped.read()).toEqual(await single.read());
  });

  it('reads and writes a store that two programs share', async () => {
    const engine = open(options);
    const values = {
      a: uniform(1, 2, 3),
      count: { shape: [], dtype: 'int32', data: Int32Array.of(7) },
    } satisfies HostTensors;
    const store = await engine.createStore(values);
    expect(store.specs['a']).toEqual({ shape: [2, 3], dtype: 'float32' });
    const double = await engine.compile(
      {
        name: 'double',
        state: ['a'],
        inputs: {},
        fn: ({ state }) => ({ state: { a: state['a']!.mul(2) }, outputs: {} }),
      },
      store,
    );
    const total = await engine.compile(
      {
        name: 'total',
        state: ['a', 'count'],
        inputs: { extra: { shape: [], dtype: 'int32' } },
        constants: { offset: { shape: [2], dtype: 'int32', data: Int32Array.of(10, 20) } },
        fn: ({ state, constants, inputs }) => ({
          outputs: {
            sum: state['a']!.sum(),
            counts: constants['offset']!.add(state['count']!).add(inputs['extra']!),
            positive: state['a']!.greater(0).toInt(),
          },
        }),
      },
      store,
    );
    const extra = { shape: [], dtype: 'int32', data: Int32Array.of(1) } as const;
    const runs = [double.run({}), total.run({ extra }), double.run({}), total.run({ extra })];
    const [, once, , twice] = await Promise.all(runs);
    const sum = [...values.a.data].reduce((a, b) => a + b, 0);
    expect(once!['sum']!.data[0]).toBeCloseTo(2 * sum, 5);
    expect(twice!['sum']!.data[0]).toBeCloseTo(4 * sum, 5);
    expect(once!['counts']).toEqual({ shape: [2], dtype: 'int32', data: Int32Array.of(18, 28) });
    expect(once!['positive']).toEqual({
      shape: [2, 3],
      dtype: 'int32',
      data: Int32Array.from([...values.a.data], (x) => Number(x > 0)),
    });
    const { a } = await store.read(['a']);
    expect(a!.data).toEqual(values.a.data.map((x) => 4 * x));

    const written = uniform(9, 2, 3);
    await store.write({ a: written });
    expect(await store.read()).toEqual({ ...values, a: written });
    await store.dispose();
    await expect(store.read()).rejects.toThrow('has been disposed');
    await expect(double.run({})).rejects.toThrow('has been disposed');
  });

  it('keeps copies: neither side sees changes of the other', async () => {
    const engine = open(options);
    const whole = new Float32Array([0, 1, 2, 3]);
    const own = whole.subarray(1, 3);
    const value = { shape: [2], dtype: 'float32', data: own } as const;
    const store = await engine.createStore({ a: value });
    const step = await engine.compile(
      {
        name: 'add',
        state: ['a'],
        inputs: { x: { shape: [2], dtype: 'float32' } },
        fn: ({ state, inputs }) => ({ outputs: { y: state['a']!.add(inputs['x']!) } }),
      },
      store,
    );
    const running = step.run({ x: value });
    whole.fill(100);
    expect((await running)['y']!.data).toEqual(Float32Array.of(2, 4));
    const { a } = await store.read();
    expect(a!.data).toEqual(Float32Array.of(1, 2));
    a!.data.fill(5);
    expect((await store.read())['a']!.data).toEqual(Float32Array.of(1, 2));
    expect(whole.length).toBe(4);
  });

  it('runs programs without state or without inputs', async () => {
    const engine = open(options);
    const step = await engine.compile({
      name: 'constant',
      inputs: { unused: { shape: [2], dtype: 'float32' } },
      fn: () => ({ outputs: { one: tf.scalar(1), grid: tf.zeros([2, 2]) } }),
    });
    const outputs = await step.run({ unused: uniform(1, 2) });
    expect(outputs['one']).toEqual({ shape: [], dtype: 'float32', data: Float32Array.of(1) });
    expect(outputs['grid']!.data).toEqual(new Float32Array(4));
  });

  it('names the program and the value that is wrong', async () => {
    const engine = open(options);
    const store = await engine.createStore(initialState());
    const step = await engine.compile(trainingProgram(), store);
    const good = batch(0);
    const { labels, ...rest } = good;
    await expect(step.run(rest)).rejects.toThrow(
      'The program "train" needs the input "labels" (int32 [8]), which was not given.',
    );
    await expect(step.run({ ...good, x: uniform(1, 8, 4) })).rejects.toThrow(
      'The input "x" of the program "train" must be float32 [8, 5], not float32 [8, 4].',
    );
    await expect(step.run({ ...good, x: labels! })).rejects.toThrow('not int32 [8]');
    await expect(
      step.run({ ...good, x: { ...uniform(1, 8, 5), data: new Float32Array(7) } as never }),
    ).rejects.toThrow('holds 7 values, but float32 [8, 5] takes 40');
    await expect(step.run({ ...good, z: uniform(1, 1) })).rejects.toThrow(
      'The program "train" has no input "z": it takes x, labels, learningRate.',
    );
    await expect(store.read(['nothing'])).rejects.toThrow('The store has no value "nothing".');
    await expect(store.write({ nothing: uniform(1, 1) })).rejects.toThrow('no value "nothing"');
    await expect(store.write({ 'out.bias': uniform(1, 4) })).rejects.toThrow(
      'The state "out.bias" must be float32 [3], not float32 [4].',
    );
    await expect(engine.compile(trainingProgram())).rejects.toThrow('reads state: give compile()');
    await expect(engine.compile(trainingProgram({ state: ['gone'] }), store)).rejects.toThrow(
      'The program "train" reads the state "gone", which its store does not have.',
    );
    await expect(engine.compile(trainingProgram({ iterations: 0 }), store)).rejects.toThrow(
      'cannot run 0 iterations',
    );
    const other = await open(options).createStore(initialState());
    await expect(engine.compile(trainingProgram(), other)).rejects.toThrow("another engine's");
    // None of this did any harm.
    expect((await step.run(good))['loss']!.data[0]).toBeGreaterThan(0);
  });

  it('refuses state of another shape from a program', async () => {
    const engine = open(options);
    const store = await engine.createStore({ a: uniform(1, 2), b: uniform(2, 2) });
    const returning = async (value: (a: tf.Tensor) => Record<string, tf.Tensor>): Promise<void> => {
      const step = await engine.compile(
        {
          name: 'bad',
          state: ['a'],
          inputs: {},
          fn: ({ state }) => ({ state: value(state['a']!), outputs: {} }),
        },
        store,
      );
      await step.run({});
    };
    await expect(returning((a) => ({ a: a.sum() }))).rejects.toThrow(/"bad".*"a"/);
    await expect(returning((a) => ({ b: a }))).rejects.toThrow(/"bad".*"b", which it does not/);
  });

  it('is dead after its end', async () => {
    const engine = open(options);
    const step = await engine.compile({
      name: 'one',
      inputs: {},
      fn: () => ({ outputs: { one: tf.scalar(1) } }),
    });
    await step.dispose();
    await expect(step.run({})).rejects.toThrow('has been disposed');
    await engine.dispose();
    await expect(engine.createStore({})).rejects.toThrow('The engine has been disposed.');
  });
});
