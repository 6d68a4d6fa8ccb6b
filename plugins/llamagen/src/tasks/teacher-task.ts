import { TokenPredictionTask, unitCodeNoise } from '@ar-distill/backbone-kit';
import { PLAIN_SAMPLING } from '@ar-distill/core';
import { isQuantizerParameter, type LlamagenArchitecture } from '../architecture';
import { LlamagenTeacher } from '../teacher';

/**
 * Share of `unitCodeNoise` where the targets are distributions: they are those of the codes that were not moved,
 * which much noise leaves undecided.
 */
const MATCHING_NOISE = 0.5;

/**
 * Next-token prediction (train_c2i.py of LlamaGen; its dropout of activations is left out). The
 * codebook is frozen and has to be the tokenizer's. With the input embedding `mlp` and weights from
 * `adaptedWeights` it is the fine-tuning after adaptation to continuous input; a teacher that reads code
 * vectors learns to read vectors near the codes, too. With `target` it learns the distributions of the
 * teacher of that architecture.
 */
export function llamagenTeacherTask(
  architecture: LlamagenArchitecture,
  target?: LlamagenArchitecture,
): TokenPredictionTask {
  const share = target ? MATCHING_NOISE : 1;
  return new TokenPredictionTask(new LlamagenTeacher(architecture, PLAIN_SAMPLING), {
    conditionDropout: architecture.labelDropout,
    isFrozen: isQuantizerParameter,
    codeNoise: architecture.inputEmbedding === 'mlp' ? share * unitCodeNoise(architecture) : 0,
    ...(target ? { target: new LlamagenTeacher(target, PLAIN_SAMPLING) } : {}),
  });
}
