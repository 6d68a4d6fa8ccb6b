import * as tf from '@tensorflow/tfjs';
import { countTokens, VqTokenizerTask } from '@ar-distill/backbone-kit';
import { withoutGradient } from '@ar-distill/nn';
import type { VarArchitecture } from '../architecture';
import { CODEBOOK } from '../quantizer/multi-scale-quantizer';
import { isUsed } from '../quantizer/phi';
import { HITS } from '../tokenizer/code-scale';
import { VarTokenizer } from '../tokenizer/tokenizer';

/** Vectors that the last batch quantised, one per code: where unused codes are moved to, [V, C]. */
const RESIDUALS = 'quantize.residual_samples';

/**
 * Training of the multi-scale VQ-VAE (`VectorQuantizer2.forward` of VAR's quant.py): every scale is
 * a step of the quantiser, and f̂ after it is compared with the features.
 */
export function varTokenizerTask(architecture: VarArchitecture): VqTokenizerTask {
  const tokenizer = new VarTokenizer(architecture);
  const { quantizer, layout, vocabSize } = tokenizer;
  return new VqTokenizerTask({
    tokenizer,
    names: { codebook: CODEBOOK, hits: HITS, samples: RESIDUALS },
    hitsShape: [architecture.patchNums.length, vocabSize],
    isTrainable: (name) => isUsed(architecture, name),
    features: (parameters, images) => tokenizer.encoderFeatures(parameters, images),
    quantize: (parameters, features) => {
      const tokens = withoutGradient(() => quantizer.encode(parameters, features));
      const latents = quantizer.accumulate(parameters, quantizer.lookUp(parameters, tokens));
      const perScale = tf.split(tokens, [...layout.stepLengths], 1);
      const vectors = latents.map((_, scale) =>
        quantizer.atScale(scale === 0 ? features : features.sub(latents[scale - 1]!), scale),
      );
      return {
        latents,
        hits: tf.stack(perScale.map((scale) => countTokens(scale, vocabSize))),
        vectors: tf.concat(vectors, 1),
      };
    },
    decode: (parameters, latent) => tokenizer.decodeLatent(parameters, latent),
  });
}
