import {
  joinSpecs,
  linearSpecs,
  prefixed,
  rmsNormSpecs,
  type Initializer,
  type ParameterSpecs,
} from '@ar-distill/nn';
import { hiddenWidth, type LlamagenArchitecture } from '../architecture';

/** Most initial weights of the official code (`initializer_range`). */
export const NORMAL: Initializer = { kind: 'normal', std: 0.02 };

/** Class embedding, blocks and final norm, under the official names (gpt.py). */
export function backboneSpecs(architecture: LlamagenArchitecture): ParameterSpecs {
  const { width, depth, numClasses } = architecture;
  const specs: Record<string, ParameterSpecs> = {
    'cls_embedding.embedding_table': {
      weight: { shape: [numClasses + 1, width], init: NORMAL },
    },
  };
  for (let i = 0; i < depth; i++) specs[`layers.${i}`] = blockSpecs(architecture);
  return { ...joinSpecs(specs), ...prefixed('norm', rmsNormSpecs(width)) };
}

/** What turns tokens into the transformer's input: the official table or an MLP of code vectors. */
export function inputSpecs(
  { width, vocabSize, channels }: LlamagenArchitecture,
  kind: LlamagenArchitecture['inputEmbedding'],
): ParameterSpecs {
  if (kind === 'table') {
    return { 'tok_embeddings.weight': { shape: [vocabSize, width], init: NORMAL } };
  }
  // A hidden layer as wide as the official blocks' is before SwiGLU: codes far outnumber channels.
  const hidden = 4 * width;
  return joinSpecs({
    // Codes have unit length: this keeps unit variance. The output starts at the table's scale.
    'continuous_embedding.fc1': linearSpecs(channels, hidden, { kind: 'normal', std: 1 }),
    'continuous_embedding.fc2': linearSpecs(hidden, width, {
      kind: 'normal',
      std: 0.02 * hidden ** -0.5,
    }),
  });
}

/** The teacher's linear classifier, `output`, which starts at zero. */
export function classifierSpecs({ width, vocabSize }: LlamagenArchitecture): ParameterSpecs {
  return prefixed('output', linearSpecs(width, vocabSize, { kind: 'zeros' }, null));
}

function blockSpecs(architecture: LlamagenArchitecture): ParameterSpecs {
  const { width, heads, keyValueHeads = heads } = architecture;
  const hidden = hiddenWidth(architecture);
  const keyValueWidth = (width / heads) * keyValueHeads;
  return joinSpecs({
    'attention.wqkv': linearSpecs(width, width + 2 * keyValueWidth, NORMAL, null),
    'attention.wo': linearSpecs(width, width, NORMAL, null),
    'feed_forward.w1': linearSpecs(width, hidden, NORMAL, null),
    'feed_forward.w3': linearSpecs(width, hidden, NORMAL, null),
    'feed_forward.w2': linearSpecs(hidden, width, NORMAL, null),
    attention_norm: rmsNormSpecs(width),
    ffn_norm: rmsNormSpecs(width),
  });
}
