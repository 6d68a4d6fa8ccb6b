import type * as tf from '@tensorflow/tfjs';
import type { HostTensors, TensorSpec } from './tensors';

/** What a step function reads. All tensors are traced: their values cannot be looked at. */
export interface StepValues {
  /** Values of the store, by their names there. */
  readonly state: Record<string, tf.Tensor>;
  /** Frozen values, fixed when the step was compiled. */
  readonly constants: Record<string, tf.Tensor>;
  /** Values given to this call: data, noise, timesteps, learning rates. */
  readonly inputs: Record<string, tf.Tensor>;
}

/** What a step function returns. */
export interface StepResult {
  /** New values for some of the state it read, same names and shapes. */
  readonly state?: Record<string, tf.Tensor>;
  readonly outputs: Record<string, tf.Tensor>;
}

/** A pure function of its values, written in tf ops that have fixed shapes. */
export type StepFunction = (values: StepValues) => StepResult;

/** What a program reads, without what it computes. */
export interface ProgramSignature {
  /** Shown in errors and profiles. */
  readonly name: string;
  /** Names of the store's values that it reads; those it returns are replaced. */
  readonly state?: readonly string[];
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  /**
   * Steps per call (default 1). Above 1 every input has a leading axis of this size, the state is
   * carried from step to step, and every output gets the leading axis.
   */
  readonly iterations?: number;
}

/** A function and everything that must be known to compile it. */
export interface StepProgram extends ProgramSignature {
  readonly fn: StepFunction;
  readonly constants?: Readonly<HostTensors>;
}
