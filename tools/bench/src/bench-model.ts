import type * as tf from '@tensorflow/tfjs';
import type { Parameters, ParameterSpecs } from '@ar-distill/nn';
import type { HostTensor, HostTensors } from '@ar-distill/program';

/** A network with a loss, one batch of data, and the same thing's name in python/train_steps.py. */
export interface BenchModel {
  readonly name: string;
  readonly description: string;
  readonly parameters: ParameterSpecs;
  /** The one batch that every step trains on. */
  readonly batch: Readonly<HostTensors>;
  readonly optimizer: OptimizerSettings;
  /** Scalar loss; `inputs` are the batch. */
  loss(parameters: Parameters, inputs: Readonly<Record<string, tf.Tensor>>): tf.Scalar;
  /** What the Python side builds: the kind of model and its settings. */
  readonly python: Readonly<Record<string, string | number | readonly number[]>> & {
    readonly kind: string;
  };
}

/** AdamW; Adam when `weightDecay` is 0. */
export interface OptimizerSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly weightDecay: number;
}

/** One of the programs that are compared. */
export interface BenchSide {
  readonly name: string;
  /** Trains one step. */
  step(): Promise<StepMeasurement>;
  /** Most memory that the process has had so far, bytes. */
  peakMemory(): Promise<number>;
  close(): Promise<void>;
}

export interface StepMeasurement {
  readonly milliseconds: number;
  /** Loss before the step's update. */
  readonly loss: number;
}

/** Names and values, as all sides start with them. */
export type NamedTensor = readonly [name: string, value: HostTensor];
