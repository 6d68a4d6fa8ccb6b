import type { Backbone, TeacherSamplingOptions } from '@ar-distill/core';
import type { ParameterSpecs } from '@ar-distill/nn';
import type { HostTensors, Rng, StepCompiler } from '@ar-distill/program';
import type { Outcome } from './compare';

/** A small model with random weights, and how it is sampled. */
export interface Configuration<A, S> {
  readonly seed: number;
  readonly batchSize: number;
  readonly sampling: S;
  readonly architecture: A;
}

/** What is compared of a family of models of architecture A, sampled with the options S. */
export interface Family<A, S> {
  readonly name: 'var' | 'llamagen' | 'var-dd' | 'llamagen-dd';
  /** File name of the script in `python/` that runs the official code. */
  readonly driver: string;
  /** A file of the checkout by which it is recognised. */
  readonly landmark: string;
  /** The state dicts that the driver writes. */
  readonly states: readonly string[];
  readonly schema: Backbone<A>['architectureSchema'];
  /** Number `index` of the configurations that `rng` makes. */
  configure(rng: Rng, index: number): Configuration<A, S>;
  /** A line that names the knobs. */
  describe(configuration: Configuration<A, S>): string;
  /** What the plugin declares: parameters of the transformer, its codes among them, and of the tokenizer. */
  specs(architecture: A): {
    readonly transformer: ParameterSpecs;
    readonly tokenizer?: ParameterSpecs;
  };
  /** Entries of the official state dicts that are no parameters. */
  readonly buffers: RegExp;
  /** Logits, probabilities and sampled tokens from the official weights, against the official ones. */
  readonly transformer: Comparison<A, S>;
  /** Features, tokens and images of the tokenizer, likewise. */
  readonly tokenizer?: Comparison<A, S>;
}

/**
 * A family of teachers. The guidance holds for every distribution; truncation and temperature for
 * `trunc_probs` alone.
 */
export interface TeacherFamily<A> extends Family<A, TeacherSamplingOptions> {
  /** The part of `describe` that names sizes and options of the network. */
  describeArchitecture(architecture: A): string;
}

/** Computes something from the official `weights` and compares it with the official `outputs`. */
export type Comparison<A, S> = (
  configuration: Configuration<A, S>,
  weights: HostTensors,
  outputs: HostTensors,
  compiler: StepCompiler,
) => Promise<Outcome[]>;
