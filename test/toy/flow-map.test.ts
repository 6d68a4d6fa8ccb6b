import { isDiscrete } from '@ar-distill/core';
import { compileFlowMap, createTeacherPool, type PoolEnvironment } from '@ar-distill/core/sampling';
import { createEngine } from '@ar-distill/engine';
import { toyBackbone } from '@ar-distill/plugin-toy';
import { createRng, type HostTensor, type HostTensors } from '@ar-distill/program';
import { toyJoint } from './toy-joint';

const BATCH = 10_000;
const BATCHES = 3;
/** Expected total variation of 30,000 draws of the joint itself: ½ Σ √(2 p (1 − p) / (π N)). */
const FLOOR = 0.0099;

const { subject, architecture } = toyJoint({ width: 16, heads: 2 }, () => ({}));
const { teacher } = subject;
const engine = createEngine({ worker: false, threads: 1 });

afterAll(() => engine.dispose());

function flowMap(solverSteps: number, batchSize: number) {
  if (!isDiscrete(teacher)) throw new Error('The toy has a discrete teacher.');
  return compileFlowMap({ teacher, weights: {}, batchSize, solverSteps }, engine);
}

async function mapped(solverSteps: number): Promise<HostTensor> {
  const map = await flowMap(solverSteps, BATCH);
  const data: number[] = [];
  for (let i = 0; i < BATCHES; i++) {
    const condition = teacher.condition.inTurn(0, BATCH);
    const { sequence } = await map.sample(condition, createRng(7), i * BATCH);
    for (const value of sequence.data) data.push(value);
  }
  await map.dispose();
  return { shape: [BATCH * BATCHES, 3, 2], dtype: 'float32', data: Float32Array.from(data) };
}

const distanceOf = (sequences: HostTensor): number =>
  toyBackbone.measureSequences!(architecture, sequences)['totalVariation']!;

describe('the flow map', () => {
  it("takes noise to the teacher's joint distribution", async () => {
    expect(distanceOf(await mapped(20))).toBeLessThan(FLOOR + 0.01);
  }, 120_000);

  it('is further from it with too few steps, so that the figure can tell', async () => {
    expect(distanceOf(await mapped(2))).toBeGreaterThan(FLOOR + 0.02);
  }, 120_000);

  it('maps a noise to the same codes in any batch, and says which tokens they are', async () => {
    const [large, small] = [await flowMap(4, 8), await flowMap(4, 1)];
    const all = await large.sample(teacher.condition.inTurn(0, 8), createRng(3), 0);
    const one = await small.sample(teacher.condition.inTurn(0, 1), createRng(3), 5);
    expect([...one.sequence.data]).toEqual([...all.sequence.data.slice(5 * 6, 6 * 6)]);
    const codes = [...all.tokens!.data].flatMap((token) => architecture.codebook[token]!);
    expect([...all.sequence.data]).toEqual(codes);
    await large.dispose();
    await small.dispose();
  });

  it('is kept in a run as the pool of the teacher is, and goes on after an interruption', async () => {
    const arrays = new Map<string, Readonly<HostTensors>>();
    const run: PoolEnvironment['run'] = {
      loadArrays: async (name) => arrays.get(name),
      saveArrays: async (name, given) => void arrays.set(name, structuredClone(given)),
      removeArrays: async (name) => void arrays.delete(name),
    };
    const drawPool = (stop: () => void, signal: AbortSignal) =>
      createTeacherPool(
        {
          teacher: {
            layout: teacher.layout,
            condition: teacher.condition,
            createSampler: (_compiler, _weights, batchSize) => flowMap(4, batchSize),
          },
          teacherWeights: {},
          size: 24,
          batchSize: 8,
          name: 'map',
        },
        engine,
        createRng(3),
        { run, progress: { update: stop, message: () => undefined }, signal },
      );
    const controller = new AbortController();
    await expect(drawPool(() => controller.abort(), controller.signal)).rejects.toThrow();
    expect([...arrays.keys()]).toEqual(['map-from-0']);
    const pool = await drawPool(() => undefined, new AbortController().signal);
    expect([...arrays.keys()]).toEqual(['map']);

    const whole = await flowMap(4, 24);
    const drawn = await whole.sample(teacher.condition.inTurn(0, 24), createRng(3), 0);
    await whole.dispose();
    expect([...pool.tokens!.data]).toEqual([...drawn.tokens!.data]);
    expect([...pool.sequences.data]).toEqual([...drawn.sequence.data]);
  });

  it('refuses to solve nothing', () => {
    expect(() => flowMap(0, 1)).toThrow('The flow map needs 1 solver step or more, not 0.');
  });
});
