import { createRng, float32, type HostTensor } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';
import { poolSpread } from '../../sampling/teacher-pool';
import { SpreadEstimate, spreadSource, tracedSpread } from './spread';

const [N, C] = [3, 2];

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

/** Sequences [count, 3, 2] around 5, so that squares and means are far from zero. */
function sequences(count: number, strength = 1): HostTensor {
  const noise = createRng(1).normal('sequences', 0, count * N * C);
  return float32(
    [count, N, C],
    noise.map((value) => 5 + strength * value),
  );
}

/** What a program says of micro-batches of that size, one behind the other. */
function momentsOf({ shape, data }: HostTensor, size: number): HostTensor[] {
  const all = tf.tensor3d(data as Float32Array, shape as [number, number, number]);
  return Array.from({ length: shape[0]! / size }, (_, i) => {
    const traced = tracedSpread(tf.slice(all, i * size, size), 'moments');
    return float32(traced.shape, traced.dataSync<'float32'>());
  });
}

function stacked(parts: readonly HostTensor[]): HostTensor {
  const data = Float32Array.from(parts.flatMap((part) => [...part.data]));
  return float32([parts.length, ...parts[0]!.shape], data);
}

const whole = (drawn: HostTensor): number => poolSpread({ sequences: drawn, condition: {} });

it('is that of the whole update, however it is divided', () => {
  const drawn = sequences(16);
  const inOneProgram = tracedSpread(tf.tensor(drawn.data, [16, N, C]), 'batch').dataSync()[0]!;
  expect(inOneProgram).toBeCloseTo(whole(drawn), 4);
  for (const size of [1, 2, 8]) {
    const spread = new SpreadEstimate(16).add(stacked(momentsOf(drawn, size)));
    expect(spread).toBeCloseTo(whole(drawn), 4);
  }
});

it('joins updates of one sequence, and forgets the old ones', () => {
  const estimate = new SpreadEstimate(1);
  const drawn = momentsOf(sequences(8), 1).map((moments) => estimate.add(moments));
  expect(drawn[0]).toBeCloseTo(0, 2);
  expect(drawn[7]).toBeCloseTo(whole(sequences(8)), 4);
  // Eight equal ones: nothing is left of what was there before.
  const same = momentsOf(sequences(1), 1)[0]!;
  const later = Array.from({ length: 8 }, () => estimate.add(same));
  expect(later[3]).toBeGreaterThan(0.3);
  expect(later[7]).toBeCloseTo(0, 2);
});

it('stays NaN when a sequence is', () => {
  const broken = sequences(2);
  broken.data[3] = NaN;
  expect(new SpreadEstimate(2).add(stacked(momentsOf(broken, 1)))).toBeNaN();
});

it('is measured in the program where that sees enough', () => {
  expect(spreadSource({ batchSize: 8, accumulation: 1 })).toBe('batch');
  expect(spreadSource({ batchSize: 64, accumulation: 2 })).toBe('moments');
  expect(spreadSource({ batchSize: 2, accumulation: 1 })).toBe('moments');
});
