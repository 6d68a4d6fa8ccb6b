import type { HostTensor, HostTensors, Rng, TensorSpec } from '@ar-distill/program';
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

/** One micro-batch, with so many draws of timestep and score noise per token. */
export function batchSpecs(
  { teacher, network, settings }: CsdSubject,
  draws: number,
): Record<string, TensorSpec> {
  const size = microBatchSize(settings);
  const n = sequenceLength(network.layout);
  const C = network.layout.channels;
  return {
    noise: { shape: [size, n, C], dtype: 'float32' },
    ...conditionSpecs(teacher.condition, [size]),
    t: { shape: [draws, size, n], dtype: 'float32' },
    scoreNoise: { shape: [draws, size, n, C], dtype: 'float32' },
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
    const size = microBatchSize(settings);
    return Array.from({ length: updates * accumulation }, (_, i) => {
      const number = first * accumulation + i;
      return {
        ...this.samples('guidance', number),
        ...this.noising('guidance', number * guidanceNoiseDraws, [
          guidanceNoiseDraws,
          size,
          this.n,
        ]),
        ...(real ? drawReal(real, this.rng, number, size) : {}),
      };
    });
  }

  /** Generator update number `update`. */
  generator(update: number): HostTensors[] {
    const { settings } = this.subject;
    const { accumulation, generatorNoiseDraws } = settings;
    const size = microBatchSize(settings);
    // A sample's draws are numbered one by one: with one of them it has the same noise in batches of any size.
    const count = generatorNoiseDraws * size;
    return Array.from({ length: accumulation }, (_, i) => {
      const number = update * accumulation + i;
      return {
        ...this.samples('generator', number),
        ...regrouped(this.noising('generator', number * count, [count, this.n]), size),
      };
    });
  }

  /** What the sequences of a micro-batch are made of. */
  private samples(network: string, number: number): HostTensors {
    const { n, C, rng } = this;
    const size = microBatchSize(this.subject.settings);
    const first = number * size;
    return {
      noise: drawNoise(rng, `${network}/noise`, first, size, [n, C]),
      ...conditionInputs(this.subject.teacher.condition.draw(rng, network, first, size)),
    };
  }

  /** Timesteps of a shape, and noise with channels; what the first axis counts has streams of its own, from `first` on. */
  private noising(
    network: string,
    first: number,
    [count, ...shape]: [number, ...number[]],
  ): HostTensors {
    const { C, rng } = this;
    return {
      t: drawTimesteps(rng, `${network}/t`, first, count, shape, this.timesteps),
      scoreNoise: drawNoise(rng, `${network}/score-noise`, first, count, [...shape, C]),
    };
  }
}

/** [m·B, …] → [m, B, …]. */
function regrouped(tensors: HostTensors, size: number): HostTensors {
  const grouped = ({ shape: [count = 0, ...shape], ...tensor }: HostTensor): HostTensor => ({
    ...tensor,
    shape: [count / size, size, ...shape],
  });
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, grouped(tensor)]),
  );
}
