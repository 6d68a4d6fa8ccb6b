import type { Random } from './random';
import type { Seed } from './seeds';

/** What a mutation makes of a seed. */
export interface Mutant {
  /** Name of the file, which may be anything a file system takes. */
  readonly fileName: string;
  readonly bytes: Buffer;
  /** `config.json` beside it. */
  readonly config: string;
  /** Only damage: if it is accepted, its weights must be those of the seed. */
  readonly damaged?: boolean;
}

/** One way to break or forge checkpoints. `canary` is a file that hostile code would make. */
export type Mutation = (seed: Seed, random: Random, canary: string) => Mutant;

/** A mutant that differs from its seed in the file's bytes alone. */
export function withBytes({ name, config }: Seed, bytes: Buffer): Mutant {
  return { fileName: name, bytes, config: JSON.stringify(config) };
}
