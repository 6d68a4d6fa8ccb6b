import type { PlannedDistillation } from '@ar-distill/workflows';
import { stringify } from 'yaml';
import { optionsOfRun } from './planned-run';

/** A config file of the distillation, under comments that say what its settings add up to. */
export function describePlan({ config, plan }: PlannedDistillation): string {
  return `${totals(plan).join('')}${stringify(optionsOfRun(config))}`;
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
