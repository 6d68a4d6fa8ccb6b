import type { StepProgram } from '@ar-distill/program';
import type { WorkflowContext } from '../context';

/** The smallest program: it needs everything that any other needs. */
const PROBE: StepProgram = {
  name: 'probe',
  inputs: { x: { shape: [1], dtype: 'float32' } },
  fn: ({ inputs: { x } }) => ({ outputs: { y: x!.add(1) } }),
};

/**
 * Starts the engine before there is a run directory.
 * @throws Error when what it is to run on does not work here: no CUDA, a library that is missing.
 */
export async function checkEngine({ compiler }: Pick<WorkflowContext, 'compiler'>): Promise<void> {
  const probe = await compiler.compile(PROBE);
  await probe.dispose();
}
