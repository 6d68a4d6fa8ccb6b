import { defaultSampler } from '@ar-distill/backbone-kit';
import {
  ArDiffusionGenerator,
  type Condition,
  labelsOf,
  PLAIN_SAMPLING,
  sequenceLength,
  type SequenceSampler,
  stepStarts,
  type TeacherGuidance,
  withGuidance,
} from '@ar-distill/core';
import { type ArSteps, type ChoosingProgram, compileArSampler } from '@ar-distill/core/sampling';
import { initializeParameters, type Parameters } from '@ar-distill/nn';
import {
  createRng,
  float32,
  type HostTensors,
  type Rng,
  type StepCompiler,
} from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';
import { LAYOUT, TinyNetwork, TinyTeacher, TinyTokenizer } from './tiny-plugin';

/** Divides by the size that the values have over the whole batch, as a normalisation in training does. */
function overBatch(values: tf.Tensor): tf.Tensor {
  return tf.div(values, tf.sqrt(tf.mean(tf.square(values), 0, true)));
}

export class BatchNetwork extends TinyNetwork {
  override features(parameters: Parameters, sequence: tf.Tensor, condition: Condition): tf.Tensor {
    return overBatch(super.features(parameters, sequence, condition));
  }
}

/** The first noise draw stands for all of them. */
export class FirstDraw extends TinyNetwork {
  override velocity(
    parameters: Parameters,
    features: tf.Tensor,
    xT: tf.Tensor,
    t: tf.Tensor,
  ): tf.Tensor {
    const velocity = super.velocity(parameters, features, xT, t);
    return tf.add(velocity, tf.mean(velocity, 0, true));
  }
}

export class BatchTeacher extends TinyTeacher {
  override logitsOfInputs(
    parameters: Parameters,
    inputs: tf.Tensor,
    condition: Condition,
  ): tf.Tensor {
    return overBatch(super.logitsOfInputs(parameters, inputs, condition));
  }
}

export class BatchTokenizer extends TinyTokenizer {
  override decode(parameters: Parameters, codes: tf.Tensor): tf.Tensor {
    return overBatch(super.decode(parameters, codes));
  }
}

export class BatchGenerator extends ArDiffusionGenerator {
  override generate(parameters: Parameters, noise: tf.Tensor, condition: Condition): tf.Tensor {
    return overBatch(super.generate(parameters, noise, condition));
  }
}

/** Reads values while it is traced. */
export class ReadingTokenizer extends TinyTokenizer {
  override encode(parameters: Parameters, images: tf.Tensor): tf.Tensor {
    const [largest = 1] = tf.max(images).dataSync();
    return super.encode(parameters, tf.div(images, largest).mul(largest));
  }
}

export class ReadingTeacher extends TinyTeacher {
  override codebook(parameters: Parameters): tf.Tensor {
    const codes = super.codebook(parameters);
    return tf.tensor2d(codes.dataSync() as Float32Array, codes.shape as [number, number]);
  }
}

/** Without a class it reads the first one. */
export class NoNothing extends TinyTeacher {
  override logitsOfInputs(
    parameters: Parameters,
    inputs: tf.Tensor,
    condition: Condition,
  ): tf.Tensor {
    const labels = labelsOf(condition);
    const known = tf.where(tf.less(labels, 3), labels, tf.zerosLike(labels));
    return super.logitsOfInputs(parameters, inputs, { labels: known });
  }
}

export class Unguided extends TinyTeacher {
  override get isGuided(): boolean {
    return false;
  }
}

/** It says that it takes a guidance scale per sample, and takes none. */
export class DeafTeacher extends TinyTeacher {
  override readonly guidance: TeacherGuidance = {
    scale: 0,
    over: (range) =>
      new DeafTeacher(this.sampling, undefined, withGuidance(this.condition, { range, scale: 0 })),
  };

  override guide(conditional: tf.Tensor, unconditional: tf.Tensor): tf.Tensor {
    return super.guide(conditional, unconditional);
  }
}

/** With a guidance scale it is a generator of another kind. */
export class HalvedGenerator extends ArDiffusionGenerator {
  override generate(parameters: Parameters, noise: tf.Tensor, condition: Condition): tf.Tensor {
    return tf.mul(super.generate(parameters, noise, condition), 0.5);
  }
}

export class Fresh extends TinyNetwork {
  override initializeFromTeacher(_teacher: Readonly<HostTensors>, rng: Rng): HostTensors {
    return initializeParameters(this.parameterSpecs, rng);
  }
}

export class Greedy extends TinyNetwork {
  override isHeadParameter(name: string): boolean {
    return super.isHeadParameter(name) || name === 'position.weight';
  }
}

export class FreshGenerator extends ArDiffusionGenerator {
  override initialize(): HostTensors {
    return initializeParameters(this.parameterSpecs, createRng(0));
  }
}

/** Takes part in every call of the teacher's own sampler; the default one stays as it is. */
abstract class Sampled extends TinyTeacher {
  override async createSampler(
    compiler: StepCompiler,
    parameters: Readonly<HostTensors>,
    batchSize: number,
  ): Promise<SequenceSampler> {
    const sampler = await defaultSampler(this, compiler, parameters, batchSize);
    return { ...sampler, sample: this.around(sampler.sample.bind(sampler), batchSize) };
  }

  protected abstract around(
    sample: SequenceSampler['sample'],
    batchSize: number,
  ): SequenceSampler['sample'];
}

export class AloneOtherwise extends Sampled {
  override around(sample: SequenceSampler['sample'], batchSize: number): SequenceSampler['sample'] {
    return (given, rng, first) => sample(given, rng, batchSize === 1 ? first + 1 : first);
  }
}

export class OwnNumbers extends Sampled {
  override around(sample: SequenceSampler['sample']): SequenceSampler['sample'] {
    return (given, _rng, first) => sample(given, createRng(5), first);
  }
}

/** Lends a cache that knows neither guidance nor truncation; its own sampler uses none. */
export class LendsPlain extends TinyTeacher {
  override createSampler(
    compiler: StepCompiler,
    parameters: Readonly<HostTensors>,
    batchSize: number,
  ): Promise<SequenceSampler> {
    return defaultSampler(this, compiler, parameters, batchSize);
  }

  override createCachedSampler(
    compiler: StepCompiler,
    program: ChoosingProgram,
  ): Promise<SequenceSampler> {
    const teacher = new TinyTeacher(PLAIN_SAMPLING);
    return compileArSampler({ ...program, teacher }, compiler);
  }
}

/**
 * Keeps the codes that are drawn, and adds new ones to what the batch before left at their places: the first
 * batch is right.
 */
export class KeepsSums extends TinyTeacher {
  override cachedSteps({
    batchSize,
    choose,
  }: Pick<ChoosingProgram, 'batchSize' | 'choose'>): ArSteps {
    const shape = [batchSize, sequenceLength(LAYOUT), LAYOUT.channels];
    const kept = float32(shape, new Float32Array(shape.reduce((product, size) => product * size)));
    return {
      initialState: () => ({ kept }),
      drawStep: LAYOUT.stepLengths.map((length, step) => (values) => {
        const [start] = stepStarts(LAYOUT).slice(step);
        const { parameters, condition } = values;
        const sequence = values.state['kept']!;
        const logProbs = tf.slice(
          this.logProbs(parameters, sequence, condition),
          [0, start!, 0],
          [-1, length, -1],
        );
        const draws = values.draws['draws']!;
        const { codes, tokens } = choose(this.scaledCodebook(parameters), logProbs, draws);
        const around: [number, number][] = [
          [0, 0],
          [start!, shape[1]! - start! - length],
          [0, 0],
        ];
        return {
          sequence: codes,
          tokens,
          state: { kept: tf.add(sequence, tf.pad(codes, around)) },
        };
      }),
    };
  }
}
