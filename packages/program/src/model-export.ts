import type { ExportedProgram } from './exported-programs';
import type { CompiledStep } from './step-compiler';
import type { StepProgram } from './step-program';
import type { HostTensors, TensorSpec } from './tensors';

/**
 * A step function of any number of samples: what it reads and returns has a leading axis of them, which
 * `inputs`, the shapes of one sample, leave out.
 */
export type SampleProgram = Pick<StepProgram, 'name' | 'fn' | 'constants' | 'inputs'>;

/** How a model keeps its weights, and what it computes in; what goes in and out is float32 in all of them. */
export const MODEL_PRECISIONS = ['fp32', 'fp16', 'int8'] as const;
export type ModelPrecision = (typeof MODEL_PRECISIONS)[number];

/** A file of a model. */
export interface ModelFileBytes {
  readonly name: string;
  /** Its content, piece after piece. */
  readonly pieces: readonly Uint8Array[];
}

/** A program as a model that other runtimes run. */
export interface ExportedModel {
  /**
   * The files of the model, `name` the first; there is a second one, `name`.data, where one file cannot
   * hold it.
   * @param metadata texts that the model carries.
   */
  encode(
    name: string,
    precision: ModelPrecision,
    metadata: Readonly<Record<string, string>>,
  ): readonly ModelFileBytes[];
}

/** Programs of fixed shapes, which share state and weights, as models for other runtimes. */
export interface ExportedSteps {
  readonly programs: readonly ExportedProgram[];
  /** The constants that the models read, by names of theirs; equal ones are there once. */
  readonly weights: Readonly<HostTensors>;
  /**
   * The models, in the order of the programs. They find their weights in the file `location` beside them, one after
   * the other in the order of `weights` from byte `start` on.
   */
  encode(location: string, start: number): readonly Uint8Array[];
}

/** Turns programs into models for other runtimes. Bound to the engine by the application. */
export interface ModelExporter {
  /** @throws Error naming what of the program depends on the number of samples in a way of its own. */
  export(program: SampleProgram): ExportedModel;
  /**
   * Programs of one step a call.
   * @param state of the store that they are compiled with.
   * @throws Error naming the program that cannot be traced.
   */
  exportSteps(
    programs: readonly StepProgram[],
    state: Readonly<Record<string, TensorSpec>>,
  ): ExportedSteps;
  /** A model that lies in a file, with the shapes that it has. */
  open(file: string): Promise<CompiledStep>;
}
