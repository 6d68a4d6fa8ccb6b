import type { OfficialTensor, Values } from './official-tensor';

/** Standard deviation of the sum of four uniform numbers on [0, 1). */
const SUM_STD = Math.sqrt(4 / 12);

/**
 * A fast generator of float32 values; the same seed gives the same values. Normal values are sums of
 * four uniform ones (the tails end at 3.5 standard deviations, much as in truncated normals).
 */
export class RandomValues {
  #state: number;

  constructor(seed: number) {
    // xorshift needs a state that is not zero; the multiplication spreads small seeds.
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ 0x6a09e667) | 1;
  }

  /** Fills `target` with the elements of a tensor from the flat index `start` on. */
  fill({ values, shape }: OfficialTensor, target: Float32Array, start: number): void {
    switch (values.kind) {
      case 'constant':
        target.fill(values.value);
        return;
      case 'normal':
        return this.#normal(target, values.std);
      case 'uniform':
        for (let i = 0; i < target.length; i++) {
          target[i] = values.bound * (this.#next() / 2 ** 31 - 1);
        }
        return;
      case 'levels':
      case 'mask':
      case 'strict mask':
        return fillFromScales(values, shape.at(-1)!, target, start);
    }
  }

  #normal(target: Float32Array, std: number): void {
    const scale = std / SUM_STD / 65536;
    for (let i = 0; i < target.length; i++) {
      const a = this.#next();
      const b = this.#next();
      const sum = (a & 0xffff) + (a >>> 16) + (b & 0xffff) + (b >>> 16);
      target[i] = scale * (sum - 2 * 65536);
    }
  }

  /** 32 bits (xorshift32). */
  #next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }
}

function fillFromScales(
  { kind, patchNums }: Extract<Values, { readonly patchNums: readonly number[] }>,
  length: number,
  target: Float32Array,
  start: number,
): void {
  const levels = patchNums.flatMap((side, scale) => new Array<number>(side * side).fill(scale));
  for (let i = 0; i < target.length; i++) {
    const column = (start + i) % length;
    const row = Math.floor((start + i) / length);
    if (kind === 'levels') {
      target[i] = levels[column]!;
      continue;
    }
    const ahead = levels[row]! - levels[column]!;
    target[i] = ahead > 0 || row === column || (ahead === 0 && kind === 'mask') ? 0 : -Infinity;
  }
}
