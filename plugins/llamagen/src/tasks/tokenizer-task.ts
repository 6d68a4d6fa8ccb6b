import * as tf from '@tensorflow/tfjs';
import { countTokens, VqTokenizerTask } from '@ar-distill/backbone-kit';
import { l2Normalize, withoutGradient } from '@ar-distill/nn';
import type { LlamagenArchitecture } from '../architecture';
import { CODEBOOK, quantize, unitCodes } from '../tokenizer/quantizer';
import { LlamagenTokenizer } from '../tokenizer/tokenizer';

/** Moving average of how often each code is used, [V]. */
const HITS = 'quantize.code_hits';
/** Unit features that the last batch quantised, one per code: where unused codes go, [V, C]. */
const FEATURES = 'quantize.feature_samples';

/**
 * Training of the VQ tokenizer (`VectorQuantizer.forward` of vq_model.py): l2-normalised features
 * and codes are compared.
 */
export function llamagenTokenizerTask(architecture: LlamagenArchitecture): VqTokenizerTask {
  const tokenizer = new LlamagenTokenizer(architecture);
  const { vocabSize, channels } = architecture;
  return new VqTokenizerTask({
    tokenizer,
    names: {
      codebook: CODEBOOK,
      hits: HITS,
      samples: FEATURES,
      // Of unit vectors.
      sampleSize: channels ** -0.5,
    },
    hitsShape: [vocabSize],
    features: (parameters, images) => l2Normalize(tokenizer.encoderFeatures(parameters, images)),
    quantize: (parameters, features) => {
      const tokens = withoutGradient(() => quantize(parameters, features));
      return {
        latents: [tf.gather(unitCodes(parameters), tokens)],
        hits: countTokens(tokens, vocabSize),
        vectors: features,
      };
    },
    decode: (parameters, latent) => tokenizer.decode(parameters, latent),
  });
}
