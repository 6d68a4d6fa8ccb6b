import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import type { ModelFiles } from './medium-model';
import { watchMemory } from './process-memory';

const REPOSITORY = path.resolve(__dirname, '../../../..');
/** The command, from its sources. */
const COMMAND = [
  ...['-C', '@ar-distill/source', '-r', path.join(REPOSITORY, 'tools/jest/register.js')],
  path.join(REPOSITORY, 'packages/ar-distill/src/main.ts'),
];
/** One or two updates of every stage: memory is as high as it gets. */
const SETTINGS = [
  'teacherPoolSize=4',
  'generatorIterations=2',
  'guidanceUpdates=1',
  'batchSize=2',
  'accumulation=1',
  'tuning.headIterations=1',
  'tuning.fullIterations=2',
  'tuning.batchSize=2',
  'tuning.accumulation=1',
  'checkpointInterval=1',
].flatMap((setting) => ['--set', setting]);

/** What a distillation took. */
export interface DistillationMemory {
  /** Highest sum over its processes, without the page cache. */
  readonly bytes: number;
  readonly seconds: number;
}

/** Distils a model in a process of its own, on one thread. */
export async function distillationMemory(
  { teacher, tokenizer }: ModelFiles,
  folder: string,
  variables: Readonly<Record<string, string>>,
): Promise<DistillationMemory> {
  const out = await mkdtemp(path.join(folder, 'runs-'));
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [
      ...COMMAND,
      ...['distill', '--preset', 'var-d16', '--teacher', teacher, '--tokenizer', tokenizer],
      ...['--out', out, '--no-report', '--threads', '1', ...SETTINGS],
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
