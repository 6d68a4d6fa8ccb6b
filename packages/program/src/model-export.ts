import type { CompiledStep } from './step-compiler';
import type { StepProgram } from './step-program';

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

/** Turns programs into models for other runtimes. Bound to the engine by the application. */
export interface ModelExporter {
  /** @throws Error naming what of the program depends on the number of samples in a way of its own. */
  export(program: SampleProgram): ExportedModel;
  /** A model that lies in a file; it runs on any number of samples. */
  open(file: string): Promise<CompiledStep>;
}
