import { isDiscrete, type MethodPlan } from '@ar-distill/core';
import { neededAdaptation } from '../adapt/adapt-models';
import type { PresetContext } from '../context';
import {
  ADAPTED,
  INDEPENDENT,
  RECONSTRUCTION,
  redrawnName,
  SEQUENCE_TEACHER,
  skippedName,
  snappedName,
  TEACHER,
} from './row-names';

/**
 * Names of all rows that the report of a distillation can have, those that it has only when it is asked for
 * them among them. Undefined where the method does not say which rows are its own.
 */
export function plannedRows(
  { found }: PresetContext,
  { rows, pool }: MethodPlan,
): readonly string[] | undefined {
  if (!rows) return undefined;
  const { backbone, preset } = found;
  const names = rows.map(({ name }) => name);
  if (!backbone.createTokenizer) return [...(pool ? [SEQUENCE_TEACHER] : []), ...names];
  const teacher = backbone.createTeacher(preset.architecture, preset.teacherSampling);
  const steps = teacher.layout.stepLengths.map((_, i) => i + 1);
  const ofResult = rows
    .filter(({ isResult }) => isResult)
    .flatMap(({ name }) => [
      snappedName(name),
      ...(isDiscrete(teacher) ? steps.map((count) => redrawnName(name, count)) : []),
    ]);
  return [
    RECONSTRUCTION,
    TEACHER,
    ...steps.slice(0, -1).map(skippedName),
    ...(neededAdaptation({ found }, preset) ? [ADAPTED] : []),
    ...names,
    ...ofResult,
    INDEPENDENT,
  ];
}
