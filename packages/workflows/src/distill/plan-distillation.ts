import type { MethodPlan } from '@ar-distill/core';
import type { ServiceContainer } from '@ar-distill/di';
import { openContext } from '../context';
import type { WorkflowOptions } from '../events';
import { resolvePreset } from '../models/resolve-preset';
import { openWeights } from '../models/weights-source';
import type { ConfigOf, DISTILLATION } from '../runs/run-kinds';
import { runPlanOf, type DistillOptions } from './distill';
import { planOf } from './method-plan';
import { methodOf } from './new-plan';

/** What a distillation would be. */
export interface PlannedDistillation {
  /** What its run would hold, without the networks. */
  readonly config: ConfigOf<typeof DISTILLATION>;
  /** What the settings of the method mean. */
  readonly plan: MethodPlan;
}

/**
 * What `distill` with these options would do; nothing is started and nothing is written. Networks that
 * are given are opened; those that ship need not be there.
 * @throws InvalidOptionError naming the option that is wrong.
 */
export async function planDistillation(
  container: ServiceContainer,
  options: DistillOptions,
  workflow: WorkflowOptions = {},
): Promise<PlannedDistillation> {
  const context = await resolvePreset(openContext(container, workflow), options, {
    teacherDraws: true,
  });
  const { config } = await runPlanOf(context, options);
  for (const network of ['teacher', 'tokenizer'] as const) {
    const file = options[network];
    if (file === undefined) continue;
    await (await openWeights(context.found.backbone, network, file)).close();
  }
  return { config, plan: planOf(methodOf(context, config.method), config.settings) };
}
