import { float32, int32 } from '@ar-distill/program';
import type { SampledSequences } from '../model/sequence-sampler';

/** Room for a number of sequences, which is filled batch by batch. */
export class DrawnSequences {
  private data: Float32Array | undefined;
  private tokens: Int32Array | undefined;
  /** [n, C]. */
  private shape: readonly number[] = [];
  private filled = 0;

  /** `size`: sequences in all. */
  constructor(private readonly size: number) {}

  /** Sequences so far. */
  get count(): number {
    return this.filled;
  }

  /** Takes the first sequences of a batch [B, n, C], as many as are missing. */
  append({ sequence, tokens }: SampledSequences): void {
    const [batch = 0, ...shape] = sequence.shape;
    const kept = Math.min(batch, this.size - this.filled);
    const each = sequence.data.length / batch;
    this.shape = shape;
    this.data ??= new Float32Array(this.size * each);
    this.data.set(sequence.data.subarray(0, kept * each), this.filled * each);
    if (tokens) {
      const length = tokens.data.length / batch;
      this.tokens ??= new Int32Array(this.size * length);
      this.tokens.set(tokens.data.subarray(0, kept * length), this.filled * length);
    }
    this.filled += kept;
  }

  /** Those from number `first` up to `end`, [end − first, n, C]; they share memory with this. */
  from(first: number, end = this.filled): SampledSequences {
    const { size, data, tokens } = this;
    const part = <T extends Float32Array | Int32Array>(all: T): T =>
      all.subarray((first * all.length) / size, (end * all.length) / size) as T;
    const count = end - first;
    return {
      sequence: float32([count, ...this.shape], data ? part(data) : new Float32Array(0)),
      ...(tokens ? { tokens: int32([count, tokens.length / size], part(tokens)) } : {}),
    };
  }
}
