import * as tf from '@tensorflow/tfjs';
import { l2Normalize, withoutGradient } from '@ar-distill/nn';
import { nearestUnitCodes, UNIT_CODEBOOK, unitCodes } from '../tokenizer/unit-codes';
import type { VqTokenizer } from '../tokenizer/vq-tokenizer';
import { countTokens, VqTokenizerTask } from './vq-tokenizer-task';

/** Moving average of how often each code is used, [V]. */
const HITS = 'quantize.code_hits';
/** Unit features that the last batch quantised, one per code: where unused codes go, [V, C]. */
const FEATURES = 'quantize.feature_samples';

/**
 * Training of a tokenizer with unit codes (`VectorQuantizer.forward` of LlamaGen's vq_model.py):
 * l2-normalised features and codes are compared.
 */
export function unitCodeTask(tokenizer: VqTokenizer): VqTokenizerTask {
  const { vocabSize } = tokenizer;
  return new VqTokenizerTask({
    tokenizer,
    names: {
      codebook: UNIT_CODEBOOK,
      hits: HITS,
      samples: FEATURES,
      // Of unit vectors.
      sampleSize: tokenizer.layout.channels ** -0.5,
    },
    hitsShape: [vocabSize],
    features: (parameters, images) => l2Normalize(tokenizer.encoderFeatures(parameters, images)),
    quantize: (parameters, features) => {
      const tokens = withoutGradient(() => nearestUnitCodes(parameters, features));
      return {
        latents: [tf.gather(unitCodes(parameters), tokens)],
        hits: countTokens(tokens, vocabSize),
        vectors: features,
      };
    },
    decode: (parameters, latent) => tokenizer.decode(parameters, latent),
  });
}
