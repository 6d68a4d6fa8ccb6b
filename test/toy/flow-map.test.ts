import { isDiscrete } from '@ar-distill/core';
import { compileFlowMap } from '@ar-distill/core/sampling';
import { createEngine } from '@ar-distill/engine';
import { toyBackbone } from '@ar-distill/plugin-toy';
import { createRng, type HostTensor } from '@ar-distill/program';
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

  it('refuses to solve nothing', () => {
    expect(() => flowMap(0, 1)).toThrow('The flow map needs 1 solver step or more, not 0.');
  });
});
