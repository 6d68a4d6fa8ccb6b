import { elementCount, float32, type HostTensor, type Rng } from '@ar-distill/program';

/** Images of uniform noise in [−1, 1], of the shape [B, height, width, channels]. */
export function randomImages(rng: Rng, shape: readonly number[]): HostTensor {
  const uniforms = rng.uniform('conformance/images', 0, elementCount(shape));
  return float32(
    shape,
    uniforms.map((uniform) => 2 * uniform - 1),
  );
}
