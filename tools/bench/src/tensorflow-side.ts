import { join } from 'node:path';
import { startNode } from './answering-process';
import type { BenchModel, BenchSide, StepMeasurement } from './bench-model';

const SCRIPT = join(__dirname, 'tensorflow-steps.ts');

/**
 * Starts the same training step op by op on TensorFlow, from the same weights on the same batch, in a
 * process whose memory is its own; `undefined` where there is no TensorFlow.
 */
export async function tensorflowSide(
  model: BenchModel,
  { threads }: { readonly threads: number },
): Promise<BenchSide | undefined> {
  const process = await startNode(SCRIPT, [model.name, String(threads)], {
    TF_NUM_INTRAOP_THREADS: String(threads),
  });
  const { greeting } = process;
  if (typeof greeting !== 'string') {
    await process.close();
    return undefined;
  }
  return {
    name: greeting,
    step: async () => (await process.ask('step')) as StepMeasurement,
    peakMemory: async () => (await process.ask('memory')) as number,
    close: () => process.close(),
  };
}
