import {
  joinSpecs,
  linearSpecs,
  prefixed,
  type Initializer,
  type ParameterSpecs,
} from '@ar-distill/nn';
import { hiddenWidth, type VarArchitecture } from '../architecture';

const ADA_LN_SCALE = 0.5;
const CLASSIFIER_SCALE = 0.02;

/**
 * Parameters of the VAR transformer without its classifier, under the official names (var.py,
 * basic_var.py) and with the official initial scales, except that the residual gates of adaLN start
 * like its other outputs instead of 1e-5 of them.
 */
export function transformerSpecs(architecture: VarArchitecture): ParameterSpecs {
  const { width, depth, channels, numClasses, patchNums, sharedAdaLn } = architecture;
  const std = initialStd(width);
  const normal = (scale = 1): Initializer => ({ kind: 'normal', std: std * scale });
  const length = patchNums.reduce((sum, side) => sum + side * side, 0);
  const first = patchNums[0]! ** 2;
  const specs: Record<string, ParameterSpecs> = {
    word_embed: linearSpecs(channels, width, normal()),
    class_emb: { weight: { shape: [numClasses + 1, width], init: normal() } },
    lvl_embed: { weight: { shape: [patchNums.length, width], init: normal() } },
    'head_nm.ada_lin.1': linearSpecs(width, 2 * width, normal(ADA_LN_SCALE)),
  };
  if (sharedAdaLn) specs['shared_ada_lin.1'] = linearSpecs(width, 6 * width, normal());
  for (let i = 0; i < depth; i++) specs[`blocks.${i}`] = blockSpecs(architecture, normal);
  return {
    pos_start: { shape: [1, first, width], init: normal() },
    pos_1LC: { shape: [1, length, width], init: normal() },
    ...joinSpecs(specs),
  };
}

/** The teacher's linear classifier, `head`. */
export function classifierSpecs({ width, vocabSize }: VarArchitecture): ParameterSpecs {
  const init: Initializer = { kind: 'normal', std: initialStd(width) * CLASSIFIER_SCALE };
  return prefixed('head', linearSpecs(width, vocabSize, init));
}

function blockSpecs(
  architecture: VarArchitecture,
  normal: (scale?: number) => Initializer,
): ParameterSpecs {
  const { width, depth, heads, attnL2Norm, sharedAdaLn } = architecture;
  const hidden = hiddenWidth(architecture);
  const residual = normal(1 / Math.sqrt(2 * depth));
  const zeros: Initializer = { kind: 'zeros' };
  return {
    ...(attnL2Norm
      ? {
          'attn.scale_mul_1H11': {
            shape: [1, heads, 1, 1],
            init: { kind: 'constant', value: Math.log(4) },
          },
        }
      : {}),
    'attn.q_bias': { shape: [width], init: zeros },
    'attn.v_bias': { shape: [width], init: zeros },
    ...joinSpecs({
      'attn.mat_qkv': linearSpecs(width, 3 * width, normal(), null),
      'attn.proj': linearSpecs(width, width, residual),
      'ffn.fc1': linearSpecs(width, hidden, normal()),
      'ffn.fc2': linearSpecs(hidden, width, residual),
      ...(sharedAdaLn ? {} : { 'ada_lin.1': linearSpecs(width, 6 * width, normal(ADA_LN_SCALE)) }),
    }),
    ...(sharedAdaLn
      ? {
          ada_gss: {
            shape: [1, 1, 6, width],
            init: { kind: 'normal', std: ADA_LN_SCALE / Math.sqrt(width) },
          },
        }
      : {}),
  };
}

/** Standard deviation of most initial weights (`init_weights` of var.py, "automated"). */
export function initialStd(width: number): number {
  return Math.sqrt(1 / width / 3);
}
