import type { Rng, StepCompiler, TeacherSamplingOptions } from '@ar-distill/core';
import type { HostTensors } from '@ar-distill/nn';
import type { Outcome } from './compare';

/** A small model with random weights, and how it is sampled. */
export interface Configuration<A> {
  readonly seed: number;
  readonly batchSize: number;
  /** Guidance of every distribution; truncation and temperature of `trunc_probs` alone. */
  readonly sampling: TeacherSamplingOptions;
  readonly architecture: A;
}

/** What is compared of a family of models. */
export interface Family<A> {
  readonly name: 'var' | 'llamagen';
  /** File name of the script in `python/` that runs the official code. */
  readonly driver: string;
  /** A file of the checkout by which it is recognised. */
  readonly landmark: string;
  /** The state dicts that the driver writes. */
  readonly states: readonly string[];
  /** Number `index` of the configurations that `rng` makes. */
  configure(rng: Rng, index: number): Configuration<A>;
  /** A line that names the knobs. */
  describe(configuration: Configuration<A>): string;
  /** Names of the weights that the transformer's comparison reads. */
  transformerWeights(architecture: A): readonly string[];
  /** Logits, probabilities and sampled tokens from the official weights, against the official ones. */
  readonly transformer: Comparison<A>;
  /** Features, tokens and images of the tokenizer, likewise. */
  readonly tokenizer: Comparison<A>;
}

/** Computes something from the official `weights` and compares it with the official `outputs`. */
export type Comparison<A> = (
  configuration: Configuration<A>,
  weights: HostTensors,
  outputs: HostTensors,
  compiler: StepCompiler,
) => Promise<Outcome[]>;
