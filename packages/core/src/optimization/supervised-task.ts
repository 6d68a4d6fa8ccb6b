import type * as tf from '@tensorflow/tfjs';
import type { Parameters, ParameterSpecs } from '@ar-distill/nn';
import type { HostTensors, Rng, TensorSpec } from '@ar-distill/program';

/** One evaluation of a training objective. */
export interface TaskLoss {
  /** Scalar to minimise. */
  readonly loss: tf.Tensor;
  /** What to log: scalars, or what `OptimizerStepOptions.combine` makes numbers of. */
  readonly metrics: Readonly<Record<string, tf.Tensor>>;
  /** New values of parameters that are not trained by gradients (moving averages). */
  readonly updates?: Readonly<Record<string, tf.Tensor>>;
}

/**
 * A network with an objective on labelled data: tokenizer, teacher or classifier training.
 * Pure: anything random (label dropout, augmentation) is an input, drawn by `drawNoise`.
 */
export interface SupervisedTask {
  readonly parameterSpecs: ParameterSpecs;
  isTrainable(name: string): boolean;
  /** Arrays of a batch, e.g. `images` [B, H, W, C], `labels` [B], `tokens` [B, n]. */
  batchSpecs(batchSize: number): Readonly<Record<string, TensorSpec>>;
  /** Random arrays that the objective reads beside the batch. */
  noiseSpecs?(batchSize: number): Readonly<Record<string, TensorSpec>>;
  /** Fills `noiseSpecs` for one iteration. */
  drawNoise?(rng: Rng, iteration: number, batchSize: number): HostTensors;
  /**
   * Traced. `batch` holds the arrays of `batchSpecs` and of `noiseSpecs`, `constants` what the training was
   * given under this name, such as the weights of another network.
   */
  evaluate(
    parameters: Parameters,
    batch: Readonly<Record<string, tf.Tensor>>,
    constants?: Parameters,
  ): TaskLoss;
  /**
   * Called on the host after a step with its host outputs, at most every `interval` iterations;
   * returns parameters to overwrite (for example codes that are never used).
   */
  readonly maintenance?: {
    readonly interval: number;
    /** Extra outputs of the step, read only on maintenance iterations. */
    repair(
      parameters: Readonly<HostTensors>,
      batch: Readonly<HostTensors>,
      rng: Rng,
      iteration: number,
    ): HostTensors;
  };
}
