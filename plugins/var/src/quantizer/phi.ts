import {
  conv2d,
  conv2dSpecs,
  prefixed,
  type Parameters,
  type ParameterSpecs,
} from '@ar-distill/nn';
import type * as tf from '@tensorflow/tfjs';
import type { VarArchitecture } from '../architecture';

const IDENTITY_RATIO = 1e-6;
const PHI = 'quantize.quant_resi';

/**
 * Index of the φ layer of scale `scaleIndex` out of `scales`, when there are `layers`: the nearest
 * tick to scaleIndex/(scales − 1), in float64 as numpy computes it (`PhiPartiallyShared` and
 * `PhiNonShared` of VAR's quant.py, which space four ticks differently from other counts).
 */
export function phiIndex(scaleIndex: number, scales: number, layers: number): number {
  const margin = layers === 4 ? 1 / 3 / layers : 1 / 2 / layers;
  const step = layers > 1 ? (1 - margin - margin) / (layers - 1) : 0;
  const position = scales > 1 ? scaleIndex / (scales - 1) : 0;
  let best = 0;
  let bestDistance = Infinity;
  for (let i = 0; i < layers; i++) {
    const tick = i > 0 && i === layers - 1 ? 1 - margin : margin + i * step;
    const distance = Math.abs(tick - position);
    if (distance < bestDistance) {
      best = i;
      bestDistance = distance;
    }
  }
  return best;
}

/** Specs of the φ layers under the official names, `quantize.quant_resi.…`. */
export function phiSpecs({ phi, channels, patchNums }: VarArchitecture): ParameterSpecs {
  if (phi.ratio <= IDENTITY_RATIO) return {};
  const count = phi.layers === 0 ? patchNums.length : phi.layers;
  return Object.assign(
    {},
    ...Array.from({ length: count }, (_, i) =>
      prefixed(phiName(phi.layers, i), conv2dSpecs(channels, channels, phi.kernel)),
    ),
  );
}

/** φ of one scale on a token map [B, P, P, C]. */
export function applyPhi(
  { phi, patchNums }: VarArchitecture,
  parameters: Parameters,
  scaleIndex: number,
  map: tf.Tensor,
): tf.Tensor {
  if (phi.ratio <= IDENTITY_RATIO) return map;
  const convolved = conv2d(parameters, phiOfScale(phi.layers, scaleIndex, patchNums.length), map);
  return map.mul(1 - phi.ratio).add(convolved.mul(phi.ratio));
}

/**
 * Whether a parameter of the quantiser has any effect: with more layers than scales near their
 * ticks, some φ layers are never picked.
 */
export function isUsed({ phi, patchNums }: VarArchitecture, name: string): boolean {
  if (!name.startsWith(PHI)) return true;
  const scales = patchNums.length;
  return patchNums.some((_, scale) => name.startsWith(`${phiOfScale(phi.layers, scale, scales)}.`));
}

function phiOfScale(layers: number, scaleIndex: number, scales: number): string {
  return phiName(layers, layers === 1 ? 0 : phiIndex(scaleIndex, scales, layers || scales));
}

function phiName(layers: number, index: number): string {
  if (layers === 0) return `${PHI}.${index}`;
  return layers === 1 ? `${PHI}.qresi` : `${PHI}.qresi_ls.${index}`;
}
