import type { HostTensor, HostTensors, Rng } from '@ar-distill/program';

/** Sequences that a sampler drew. */
export interface SampledSequences {
  /** Continuous code vectors [B, n, C] in the scaled space (x_0 = codeScale · c). */
  readonly sequence: HostTensor;
  /** Tokens [B, n] int32, when they are drawn as tokens. */
  readonly tokens?: HostTensor;
}

/** Draws whole sequences, a fixed number per call: a teacher, a generator, or both together. */
export interface SequenceSampler {
  /** Sequences per call: conditions always have this many rows. */
  readonly batchSize: number;
  /** Network evaluations that one call costs, counted as forward passes over the batch. */
  readonly evaluations: number;
  /**
   * Sequences for the condition [B, …]. `firstSample` numbers them: sample b draws from `rng` under
   * index firstSample + b alone. Rejects, with a `NonFiniteError`, when what is drawn or what it is drawn
   * from is not finite; the next call is not touched by it.
   */
  sample(
    condition: Readonly<HostTensors>,
    rng: Rng,
    firstSample: number,
  ): Promise<SampledSequences>;
  dispose(): Promise<void>;
}
