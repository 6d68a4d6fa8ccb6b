import type { Rng } from '@ar-distill/program';

/** A small counter-based generator (a 32-bit integer hash), enough for tests. */
export const testRng: Rng = {
  seed: 0,
  uniform: (stream, index, count) => uniforms(stream, index, count),
  normal(stream, index, count) {
    const first = uniforms(`${stream}/radius`, index, count);
    const second = uniforms(`${stream}/angle`, index, count);
    return first.map(
      (u, i) => Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * second[i]!),
    );
  },
  integers: (stream, index, count, bound) =>
    Int32Array.from(uniforms(stream, index, count), (u) => Math.floor(u * bound)),
};

function uniforms(stream: string, index: number, count: number): Float32Array {
  let seed = 2166136261;
  for (const character of `${stream}#${index}`) {
    seed = Math.imul(seed ^ character.charCodeAt(0), 16777619);
  }
  return Float32Array.from(
    { length: count },
    (_, i) => (mix(seed + i * 0x9e3779b9) >>> 8) / 2 ** 24,
  );
}

function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
