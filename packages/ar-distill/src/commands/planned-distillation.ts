import type { PlannedDistillation } from '@ar-distill/workflows';
import { stringify } from 'yaml';

/** A config file of the distillation, under comments that say what its settings add up to. */
export function describePlan({ config, plan }: PlannedDistillation): string {
  const { plugin, preset, method, samples, stage1, poolCache, teacherSampling } = config;
  const { settings, adaptation, architecture } = config;
  const { guidanceScale, topK, topP } = teacherSampling ?? {};
  const options = {
    preset: `${plugin}:${preset}`,
    method,
    ...(stage1 === undefined ? {} : { stage1: stage1.path }),
    ...(poolCache === undefined ? {} : { poolCache }),
    guidance: guidanceScale,
    topK,
    topP,
    samples,
    settings,
    adaptation,
    architecture,
  };
  return `${totals(plan).join('')}${stringify(options)}`;
}

function totals({ training = [], pool }: PlannedDistillation['plan']): string[] {
  return [
    ...(pool ? [`# ${count(pool.size)} sequences drawn by the teacher\n`] : []),
    ...training.map(
      ({ name, updates, sequences }) =>
        `# ${name}: ${count(updates)} updates, ${count(sequences)} sequences\n`,
    ),
  ];
}

function count(value: number): string {
  return value.toLocaleString('en');
}
