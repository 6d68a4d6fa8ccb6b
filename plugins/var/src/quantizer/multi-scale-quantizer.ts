import {
  areaMatrix,
  bicubicMatrix,
  parameter,
  resampleGrid,
  type Parameters,
  type ParameterSpecs,
} from '@ar-distill/nn';
import * as tf from '@tensorflow/tfjs';
import type { VarArchitecture } from '../architecture';
import { applyPhi, phiSpecs } from './phi';

/** The codes [V, C]. */
export const CODEBOOK = 'quantize.embedding.weight';

/** Whether the parameter belongs to the quantiser: frozen wherever only the transformer trains. */
export function isQuantizerParameter(name: string): boolean {
  return name.startsWith('quantize.');
}

/**
 * The residual quantiser over scales of VAR (`VectorQuantizer2` of quant.py). A sequence [B, n, C]
 * holds the code vectors (unscaled, continuous) of all scales; every scale adds φ(up-sampled map) to
 * the accumulated latent f̂ [B, P², C], P = last scale.
 */
export class MultiScaleQuantizer {
  readonly parameterSpecs: ParameterSpecs;
  private readonly stepLengths: readonly number[];
  private readonly side: number;

  constructor(private readonly architecture: VarArchitecture) {
    const { patchNums, vocabSize, channels } = architecture;
    this.stepLengths = patchNums.map((side) => side * side);
    this.side = patchNums.at(-1)!;
    this.parameterSpecs = {
      [CODEBOOK]: {
        shape: [vocabSize, channels],
        init: { kind: 'uniform', bound: 1 / vocabSize },
      },
      ...phiSpecs(architecture),
    };
  }

  /** Codes [V, C], unscaled. */
  codebook(parameters: Parameters): tf.Tensor {
    return parameter(parameters, CODEBOOK);
  }

  /** Code vectors of `tokens` [...] int32: [..., C]. */
  lookUp(parameters: Parameters, tokens: tf.Tensor): tf.Tensor {
    return tf.gather(this.codebook(parameters), tokens.toInt());
  }

  /** What one scale adds to f̂: `codes` [B, p², C] → [B, P², C]. */
  contribution(parameters: Parameters, scaleIndex: number, codes: tf.Tensor): tf.Tensor {
    const from = this.architecture.patchNums[scaleIndex]!;
    const { side } = this;
    const [batch, , channels] = codes.shape as [number, number, number];
    const full = from === side ? codes : resampleGrid(codes, bicubicMatrix(from, side), from, side);
    const map = full.reshape([batch, side, side, channels]);
    return applyPhi(this.architecture, parameters, scaleIndex, map).reshape([
      batch,
      side * side,
      channels,
    ]);
  }

  /** A latent [B, P², C] at the resolution of a scale: [B, p², C]. */
  atScale(latent: tf.Tensor, scaleIndex: number): tf.Tensor {
    const to = this.architecture.patchNums[scaleIndex]!;
    const { side } = this;
    return to === side ? latent : resampleGrid(latent, areaMatrix(side, to), side, to);
  }

  /** f̂ after every scale, in order, each [B, P², C]. */
  accumulate(parameters: Parameters, sequence: tf.Tensor): tf.Tensor[] {
    return this.accumulateScales(parameters, sequence, this.stepLengths.length);
  }

  /**
   * What the transformer reads at scales 2 … S: f̂ of the earlier scales at the resolution of each,
   * [B, n − p₁², C]. The last scale's codes are not read.
   */
  nextScaleInputs(parameters: Parameters, sequence: tf.Tensor): tf.Tensor {
    const latents = this.accumulateScales(parameters, sequence, this.stepLengths.length - 1);
    return tf.concat(
      latents.map((latent, scaleIndex) => this.atScale(latent, scaleIndex + 1)),
      1,
    );
  }

  /**
   * The codes of every scale but the last at the resolution of the next one, [B, n − p₁², C]: as
   * `nextScaleInputs`, without what the scales before add and without φ.
   */
  upsampledScales(sequence: tf.Tensor): tf.Tensor {
    const { patchNums } = this.architecture;
    const scales = tf.split(sequence, [...this.stepLengths], 1).slice(0, -1);
    return tf.concat(
      scales.map((codes, k) => {
        const [from, to] = [patchNums[k]!, patchNums[k + 1]!];
        return resampleGrid(codes, bicubicMatrix(from, to), from, to);
      }),
      1,
    );
  }

  /**
   * Residual quantisation of encoder features [B, P², C]: the nearest code (squared distance, ties to
   * the lower index) at every position of every scale. Tokens [B, n] int32. No gradients.
   */
  encode(parameters: Parameters, features: tf.Tensor): tf.Tensor {
    const tokens: tf.Tensor[] = [];
    let rest = features;
    for (const scaleIndex of this.stepLengths.keys()) {
      const found = this.nearest(parameters, this.atScale(rest, scaleIndex));
      tokens.push(found);
      const codes = this.lookUp(parameters, found);
      rest = rest.sub(this.contribution(parameters, scaleIndex, codes));
    }
    return tf.concat(tokens, 1);
  }

  private accumulateScales(
    parameters: Parameters,
    sequence: tf.Tensor,
    scales: number,
  ): tf.Tensor[] {
    const latents: tf.Tensor[] = [];
    for (const [scaleIndex, codes] of tf.split(sequence, [...this.stepLengths], 1).entries()) {
      if (scaleIndex === scales) break;
      const added = this.contribution(parameters, scaleIndex, codes);
      latents.push(scaleIndex === 0 ? added : latents[scaleIndex - 1]!.add(added));
    }
    return latents;
  }

  private nearest(parameters: Parameters, vectors: tf.Tensor): tf.Tensor {
    const [batch, length, channels] = vectors.shape as [number, number, number];
    const codebook = this.codebook(parameters) as tf.Tensor2D;
    const rows = vectors.as2D(batch * length, channels);
    const distances = rows
      .square()
      .sum(1, true)
      .add(codebook.square().sum(1))
      .sub(tf.matMul(rows, codebook, false, true).mul(2));
    return tf.argMin(distances, 1).reshape([batch, length]).toInt();
  }
}
