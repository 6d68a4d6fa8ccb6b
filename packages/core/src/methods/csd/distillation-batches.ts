import type { HostTensors, Rng, TensorSpec } from '@ar-distill/program';
import type * as tf from '@tensorflow/tfjs';
import { conditionInputs, conditionSpecs } from '../../model/condition';
import { sequenceLength } from '../../model/sequence-layout';
import { drawNoise, drawTimesteps, type TimestepDistribution } from '../../sampling/draws';
import { microBatchSize } from '../micro-batch-size';
import type { CsdSubject } from './csd-subject';
import { drawReal } from './real-batches';
import { timestepDistribution } from './timesteps';

/** What the objectives of both networks read of a micro-batch. */
export type BatchTensors = Record<'noise' | 't' | 'scoreNoise', tf.Tensor>;

/** One micro-batch; `draws` is the leading shape of timesteps and score noise. */
export function batchSpecs(
  { teacher, network, settings }: CsdSubject,
  draws: readonly number[],
): Record<string, TensorSpec> {
  const size = microBatchSize(settings);
  const n = sequenceLength(network.layout);
  const C = network.layout.channels;
  return {
    noise: { shape: [size, n, C], dtype: 'float32' },
    ...conditionSpecs(teacher.condition, [size]),
    t: { shape: [...draws, size, n], dtype: 'float32' },
    scoreNoise: { shape: [...draws, size, n, C], dtype: 'float32' },
  };
}

/** Everything random of an update, as a function of the seed and the samples' numbers. */
export class BatchDraws {
  private readonly n: number;
  private readonly C: number;
  private readonly timesteps: TimestepDistribution;

  constructor(
    private readonly subject: CsdSubject,
    private readonly rng: Rng,
  ) {
    this.n = sequenceLength(subject.network.layout);
    this.C = subject.network.layout.channels;
    this.timesteps = timestepDistribution(subject.settings);
  }

  /** Guidance updates from number `first` on, micro-batch by micro-batch. */
  guidance(first: number, updates: number): HostTensors[] {
    const { real, settings } = this.subject;
    const { accumulation, guidanceNoiseDraws } = settings;
    return Array.from({ length: updates * accumulation }, (_, i) => {
      const number = first * accumulation + i;
      return {
        ...this.batch('guidance', number, guidanceNoiseDraws),
        ...(real ? drawReal(real, this.rng, number, microBatchSize(settings)) : {}),
      };
    });
  }

  /** Generator update number `update`. */
  generator(update: number): HostTensors[] {
    const { accumulation } = this.subject.settings;
    return Array.from({ length: accumulation }, (_, i) =>
      this.batch('generator', update * accumulation + i),
    );
  }

  private batch(network: string, number: number, draws?: number): HostTensors {
    const { settings, teacher } = this.subject;
    const size = microBatchSize(settings);
    const { n, C, rng } = this;
    const sample = number * size;
    const first = draws === undefined ? sample : number * draws;
    const count = draws ?? size;
    const inner = draws === undefined ? [n] : [size, n];
    return {
      noise: drawNoise(rng, `${network}/noise`, sample, size, [n, C]),
      ...conditionInputs(teacher.condition.draw(rng, network, sample, size)),
      t: drawTimesteps(rng, `${network}/t`, first, count, inner, this.timesteps),
      scoreNoise: drawNoise(rng, `${network}/score-noise`, first, count, [...inner, C]),
    };
  }
}
