import * as tf from '@tensorflow/tfjs';
import { defaultSampler } from '@ar-distill/backbone-kit';
import {
  checkCondition,
  classCondition,
  type Condition,
  DiscreteScoreTeacher,
  type SequenceLayout,
  type SequenceSampler,
  type TeacherSamplingOptions,
} from '@ar-distill/core';
import { LOG_ZERO, nearestCodes, truncatedLogProbs } from '@ar-distill/core/math';
import type { Parameters } from '@ar-distill/nn';
import { float32, type HostTensors, int32, type StepCompiler } from '@ar-distill/program';
import type { ToyArchitecture } from './architecture';
import { JointDistribution } from './joint-distribution';
import { toyLayout } from './layout';

/**
 * A teacher that reads p(q_i | prefix) from a table. It cannot read continuous vectors, so its prefix
 * is the nearest code of every vector (DD2 calls this case out: the prefix is a constant anyway).
 */
export class TabularTeacher extends DiscreteScoreTeacher {
  override readonly samplingStream = 'teacher';
  readonly layout: SequenceLayout;
  readonly condition = classCondition(1);
  readonly parameterSpecs = {};
  readonly codeScale: number;
  private readonly joint: JointDistribution;

  constructor(
    private readonly architecture: ToyArchitecture,
    private readonly sampling: TeacherSamplingOptions,
  ) {
    super();
    this.layout = toyLayout(architecture);
    this.codeScale = architecture.codeScale;
    this.joint = new JointDistribution(
      architecture.codebook.length,
      architecture.sequenceLength,
      architecture.joint,
    );
  }

  scaledCodebook(_parameters: Parameters): tf.Tensor {
    return tf.tensor2d(this.architecture.codebook).mul(this.codeScale);
  }

  logProbs(parameters: Parameters, sequence: tf.Tensor, _condition: Condition): tf.Tensor {
    const tokens = tf.unstack(nearestCodes(sequence, this.scaledCodebook(parameters)), 1);
    const V = this.architecture.codebook.length;
    let row: tf.Tensor = tf.zerosLike(tokens[0]!);
    const rows = tokens.map((token, position) => {
      const table = tf.tensor2d(this.logConditionals(position), [V ** position, V]);
      const own = tf.gather(table, row);
      row = row.mul(tf.scalar(V, 'int32')).add(token);
      return own;
    });
    return truncatedLogProbs(tf.stack(rows, 1), this.sampling);
  }

  /** Draws from the table itself; a truncated or tempered distribution is drawn from as it is read. */
  createSampler(
    compiler: StepCompiler,
    parameters: Readonly<HostTensors>,
    batchSize: number,
  ): Promise<SequenceSampler> {
    const { topK, topP, temperature } = this.sampling;
    if (topK !== 0 || topP !== 1 || temperature !== 1) {
      return defaultSampler(this, compiler, parameters, batchSize);
    }
    const { codebook, sequenceLength } = this.architecture;
    const { joint, codeScale, condition, samplingStream } = this;
    const C = codebook[0]!.length;
    return Promise.resolve({
      batchSize,
      evaluations: sequenceLength,
      async sample(given, rng, firstSample) {
        checkCondition(condition, given, batchSize);
        const drawn = Array.from({ length: batchSize }, (_, i) =>
          joint.sample(rng.uniform(samplingStream, firstSample + i, sequenceLength)),
        ).flat();
        const vectors = drawn.flatMap((token) =>
          codebook[token]!.map((value) => value * codeScale),
        );
        return {
          sequence: float32([batchSize, sequenceLength, C], Float32Array.from(vectors)),
          tokens: int32([batchSize, sequenceLength], Int32Array.from(drawn)),
        };
      },
      dispose: () => Promise.resolve(),
    });
  }

  private logConditionals(position: number): Float32Array {
    return Float32Array.from(this.joint.conditionals(position), (probability) =>
      probability > 0 ? Math.log(probability) : LOG_ZERO,
    );
  }
}
