import type * as tf from '@tensorflow/tfjs';

type NamedTensors = Readonly<Record<string, tf.Tensor>>;

/** Throws when a program returns state that it does not read, or of another shape or type. */
export function checkNextState(program: string, state: NamedTensors, next: NamedTensors): void {
  for (const [name, value] of Object.entries(next)) {
    const old = state[name];
    if (!old) {
      throw new Error(
        `The program "${program}" returns the state "${name}", which it does not read.`,
      );
    }
    if (old.dtype !== value.dtype || old.shape.join() !== value.shape.join()) {
      throw new Error(
        `The program "${program}" returns the state "${name}" as ${describe(value)} where ${describe(old)} is kept.`,
      );
    }
  }
}

function describe({ dtype, shape }: tf.Tensor): string {
  return `${dtype} [${shape.join(', ')}]`;
}
