import * as tf from '@tensorflow/tfjs';
import type { SupervisedTask, TaskLoss } from '@ar-distill/core/optimization';
import { type Parameters, type ParameterSpecs, softmaxCrossEntropy } from '@ar-distill/nn';
import { float32, type HostTensors, type Rng, type TensorSpec } from '@ar-distill/program';
import { type ClassifierArchitecture, classifierForward, classifierSpecs } from './classifier';

const STREAM = 'classifier-shift';

/**
 * Training of the classifier with cross-entropy on randomly shifted images.
 * Batch: `images` [B, size, size, channels] in [−1, 1] with background −1, `labels` [B].
 */
export class ClassifierTask implements SupervisedTask {
  readonly parameterSpecs: ParameterSpecs;

  /** `maxShift`: largest shift in pixels, along both axes and in both directions. */
  constructor(
    readonly architecture: ClassifierArchitecture,
    private readonly maxShift = 2,
  ) {
    this.parameterSpecs = classifierSpecs(architecture);
  }

  isTrainable(): boolean {
    return true;
  }

  batchSpecs(batchSize: number): Readonly<Record<string, TensorSpec>> {
    const { imageSize, imageChannels } = this.architecture;
    return {
      images: { shape: [batchSize, imageSize, imageSize, imageChannels], dtype: 'float32' },
      labels: { shape: [batchSize], dtype: 'int32' },
    };
  }

  noiseSpecs(batchSize: number): Readonly<Record<string, TensorSpec>> {
    const { imageSize } = this.architecture;
    const shape = [batchSize, imageSize, imageSize];
    return {
      rowShift: { shape, dtype: 'float32' },
      columnShift: { shape, dtype: 'float32' },
    };
  }

  drawNoise(rng: Rng, iteration: number, batchSize: number): HostTensors {
    const choices = 2 * this.maxShift + 1;
    const draws = rng
      .integers(STREAM, iteration, 2 * batchSize, choices)
      .map((draw) => draw - this.maxShift);
    return {
      rowShift: this.shiftMatrices(draws.subarray(0, batchSize), 'rows'),
      columnShift: this.shiftMatrices(draws.subarray(batchSize), 'columns'),
    };
  }

  evaluate(parameters: Parameters, batch: Readonly<Record<string, tf.Tensor>>): TaskLoss {
    const { images, labels, rowShift, columnShift } = batch;
    if (!images || !labels || !rowShift || !columnShift) {
      throw new Error(
        `Classifier training needs images, labels, rowShift and columnShift, not ${Object.keys(batch).join(', ')}.`,
      );
    }
    const { logits } = classifierForward(
      this.architecture,
      parameters,
      this.shift(images, rowShift, columnShift),
    );
    const correct = logits.argMax(1).equal(labels).toFloat();
    return {
      loss: softmaxCrossEntropy(logits, labels).mean(),
      metrics: { accuracy: correct.mean() },
    };
  }

  /**
   * Shifts as two matrix products, which cost little and need no gather. What moves in is
   * background: a matrix row without a one gives 0 on the scale where background is 0.
   */
  private shift(images: tf.Tensor, rowShift: tf.Tensor, columnShift: tf.Tensor): tf.Tensor {
    const [batch, height, width, channels] = images.shape as [number, number, number, number];
    const rows = tf.matMul(
      rowShift,
      images.add(1).reshape([batch, height, width * channels]) as tf.Tensor3D,
    );
    const columns = rows
      .reshape([batch, height, width, channels])
      .transpose([0, 1, 3, 2])
      .reshape([batch, height * channels, width]);
    return tf
      .matMul(columns as tf.Tensor3D, columnShift)
      .reshape([batch, height, channels, width])
      .transpose([0, 1, 3, 2])
      .sub(1);
  }

  /** One matrix per shift: out = M·in for rows, out = in·M for columns. */
  private shiftMatrices(shifts: Int32Array, axis: 'rows' | 'columns') {
    const size = this.architecture.imageSize;
    const data = new Float32Array(shifts.length * size * size);
    shifts.forEach((shift, i) => {
      for (let to = 0; to < size; to++) {
        const from = to - shift;
        if (from < 0 || from >= size) continue;
        data[i * size * size + (axis === 'rows' ? to * size + from : from * size + to)] = 1;
      }
    });
    return float32([shifts.length, size, size], data);
  }
}
