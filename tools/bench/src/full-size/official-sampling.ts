import { join } from 'node:path';
import type { Python } from '../find-python';
import { startPython } from '../answering-process';
import type { SamplingSide } from './compiled-sampling';
import type { FullSizeModel, Task } from './families';

const SCRIPT = join(__dirname, '../../python/official_sampling.py');

/** The official PyTorch code on the same files, in a process of its own. */
export async function officialSampling(
  { family, files }: FullSizeModel,
  task: Task,
  options: {
    readonly python: Python;
    /** Checkout of the official repository. */
    readonly checkout: string;
    readonly checkpoints: string;
    readonly threads: number;
  },
): Promise<SamplingSide> {
  const { python, checkout, checkpoints, threads } = options;
  const paths = [files.teacher, files.tokenizer].map((file) => join(checkpoints, file));
  const process = await startPython(
    python,
    SCRIPT,
    [family, checkout, ...paths, task, String(threads)],
    threads,
  );
  return {
    name: `PyTorch ${python.torch}`,
    image: async () =>
      (await process.ask('image')) as { readonly sequence: number; readonly decode: number },
    peakMemory: async () => (await process.ask('memory')) as number,
    close: () => process.close(),
  };
}
