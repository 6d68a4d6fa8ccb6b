import { TokenPredictionTask } from '@ar-distill/backbone-kit';
import { PLAIN_SAMPLING } from '@ar-distill/core';
import type { VarArchitecture } from '../architecture';
import { isQuantizerParameter } from '../quantizer/multi-scale-quantizer';
import { VarTeacher } from '../teacher';

/**
 * Next-scale prediction (trainer.py of VAR). The `quantize.*` parameters are frozen and have to be
 * the tokenizer's.
 */
export function varTeacherTask(architecture: VarArchitecture): TokenPredictionTask {
  return new TokenPredictionTask(new VarTeacher(architecture, PLAIN_SAMPLING), {
    conditionDropout: architecture.labelDropout,
    isFrozen: isQuantizerParameter,
  });
}
