import type { ServiceContainer } from '@ar-distill/di';
import {
  type Hub,
  type NamedNetworks,
  withLocalModels,
  type WorkflowOptions,
} from '@ar-distill/workflows';
import type { Workflows } from './environment';

type Workflow<O, R> = (
  container: ServiceContainer,
  options: O,
  run?: WorkflowOptions,
) => Promise<R>;

/** The workflows, which fetch the networks that their options name on a hub before they begin. */
export function fetchingWorkflows(workflows: Workflows, hub: Hub): Workflows {
  const fetching =
    <O extends NamedNetworks, R>(workflow: Workflow<O, R>): Workflow<O, R> =>
    async (container, options, run = {}) =>
      workflow(container, await withLocalModels(container, options, hub, run), run);
  return {
    ...workflows,
    adapt: fetching(workflows.adapt),
    distill: fetching(workflows.distill),
    evaluate: fetching(workflows.evaluate),
    measureSpeed: fetching(workflows.measureSpeed),
    planDistillation: fetching(workflows.planDistillation),
    planStudy: (container, options, run) =>
      workflows.planStudy(container, { ...options, hub }, run),
    sample: fetching(workflows.sample),
    study: (container, options, run) => workflows.study(container, { ...options, hub }, run),
    trainTeacher: fetching(workflows.trainTeacher),
  };
}
