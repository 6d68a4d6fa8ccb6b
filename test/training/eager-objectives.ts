import * as tf from '@tensorflow/tfjs';
import { conditionInputs, type DistillationSubject } from '@ar-distill/core';
import type {
  CsdSubject,
  DistillationGroups,
  DistillationSettings,
} from '@ar-distill/core/methods';
import { type Parameters, toTensors } from '@ar-distill/nn';
import { float32 } from '@ar-distill/program';

/** What stage 2 works on with these weights; its pool holds a sequence of zeros. */
export function withWeights(
  subject: DistillationSubject<DistillationSettings>,
  initial: CsdSubject['initial'],
  shape: readonly [n: number, C: number],
): CsdSubject {
  return {
    ...subject,
    initial,
    pool: {
      sequences: float32([1, ...shape], new Float32Array(shape[0] * shape[1])),
      condition: subject.teacher.condition.inTurn(0, 1),
    },
  };
}

/** What the objectives of both networks read beside the noise, as tensors of the backend "cpu". */
export async function eagerObjectives(
  { initial, teacher }: CsdSubject,
  groups: DistillationGroups,
  size: number,
) {
  tf.enableProdMode();
  await tf.setBackend('cpu');
  const theta: Parameters = toTensors(initial.generator);
  const psi: Parameters = toTensors(initial.guidance);
  return {
    theta,
    psi,
    state: { ...groups.generator.write('value', theta), ...groups.guidance.write('value', psi) },
    condition: toTensors(conditionInputs(teacher.condition.inTurn(0, size))),
  };
}
