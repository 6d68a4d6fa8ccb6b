import type { Backbone, TeacherSamplingOptions } from '@ar-distill/core';
import type { ParameterSpecs } from '@ar-distill/nn';
import type { HostTensors, Rng, StepCompiler } from '@ar-distill/program';
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
  readonly schema: Backbone<A>['architectureSchema'];
  /** Number `index` of the configurations that `rng` makes. */
  configure(rng: Rng, index: number): Configuration<A>;
  /** A line that names the knobs. */
  describe(configuration: Configuration<A>): string;
  /** What the plugin declares: parameters of the teacher and of the tokenizer. */
  specs(architecture: A): { readonly teacher: ParameterSpecs; readonly tokenizer: ParameterSpecs };
  /** Entries of the official state dicts that are no parameters. */
  readonly buffers: RegExp;
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
