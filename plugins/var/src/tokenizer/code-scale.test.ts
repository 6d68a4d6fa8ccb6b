import { float32 } from '@ar-distill/program';
import { unitCodeScale } from './code-scale';

const codebook = float32([3, 2], Float32Array.of(2, 2, 0, 0, 0.5, 0.5));

describe('unitCodeScale', () => {
  it('makes the root mean square of the used codes 1', () => {
    const hits = float32([2, 3], Float32Array.of(1, 0, 0, 0, 0, 3));
    const meanSquare = (4 + 3 * 0.25) / 4;
    expect(
      unitCodeScale({
        'quantize.embedding.weight': codebook,
        'quantize.ema_vocab_hit_SV': hits,
      }),
    ).toBeCloseTo(1 / Math.sqrt(meanSquare), 6);
  });

  it('counts every code once when their use is not known', () => {
    expect(unitCodeScale({ 'quantize.embedding.weight': codebook })).toBeCloseTo(
      1 / Math.sqrt(4.25 / 3),
      6,
    );
  });
});
