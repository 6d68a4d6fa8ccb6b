import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import { MEASURED_MODELS, modelFiles, type MeasuredModelName } from './random-models';
import { watchMemory } from './process-memory';

const REPOSITORY = path.resolve(__dirname, '../../../..');
/** The command, from its sources. */
const COMMAND = [
  ...['-C', '@ar-distill/source', '-r', path.join(REPOSITORY, 'tools/jest/register.js')],
  path.join(REPOSITORY, 'packages/ar-distill/src/main.ts'),
];

/** What a distillation took. */
export interface DistillationMemory {
  /** Highest sum over its processes, without the page cache. */
  readonly bytes: number;
  readonly seconds: number;
}

/** Distils the model `name`, whose files lie in `folder`, in a process of its own, on one thread. */
export async function distillationMemory(
  name: MeasuredModelName,
  folder: string,
  variables: Readonly<Record<string, string>>,
): Promise<DistillationMemory> {
  const { teacher, tokenizer } = modelFiles(folder);
  const out = await mkdtemp(path.join(folder, 'runs-'));
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [
      ...COMMAND,
      ...['distill', '--preset', 'var-d16', '--teacher', teacher, '--tokenizer', tokenizer],
      ...['--out', out, '--threads', '1', ...MEASURED_MODELS[name].options],
    ],
    { cwd: REPOSITORY, env: { ...process.env, ...variables }, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const watch = watchMemory(child.pid!);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [code] = (await once(child, 'close')) as [number | null];
  const bytes = watch.stop();
  if (code !== 0) throw new Error(`The distillation ended with ${code}: ${said.slice(-2000)}`);
  return { bytes, seconds: (performance.now() - started) / 1000 };
}
