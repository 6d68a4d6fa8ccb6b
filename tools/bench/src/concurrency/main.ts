import { spawn } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openRevision } from '@ar-distill/same-bytes';
import { median } from '../compare';
import { secondsPerUpdate } from './update-time';

const REPOSITORY = path.resolve(__dirname, '../../../..');
const USAGE = `Usage: main.ts [--base 4be762c] [--head FOLDER] [--rounds 5] [--threads 2]
Seconds per update of stage 2 of mnist-var: alone on both revisions, and on the head beside a busy
process and beside a second run, in turns. Exit code: 0 when all bars hold, 1 when one does not.`;

/** Highest ratios that are good enough on as many cores as threads. */
const BARS = { alone: 1.03, busy: 1.7, two: 2.2 } as const;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      base: { type: 'string', default: '4be762c' },
      head: { type: 'string', default: REPOSITORY },
      rounds: { type: 'string', default: '5' },
      threads: { type: 'string', default: '2' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const interrupt = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupt.abort());
  const { signal } = interrupt;
  const threads = Number(values.threads);
  const base = await openRevision(values.base, REPOSITORY, signal);
  const head = await openRevision(values.head, REPOSITORY, signal);
  const update = (revision = head): Promise<number> => secondsPerUpdate(revision, threads, signal);
  const times = { base: [], alone: [], busy: [], two: [] } as Record<string, number[]>;
  try {
    for (let round = 0; round < Number(values.rounds); round++) {
      times['base']!.push(await update(base));
      times['alone']!.push(await update());
      times['busy']!.push(await besideBusyProcess(update));
      times['two']!.push(...(await Promise.all([update(), update()])));
      const latest = Object.entries(times).map(
        ([name, all]) => `${name} ${all.at(-1)!.toFixed(3)}`,
      );
      console.log(`round ${round + 1}: ${latest.join(', ')} s per update`);
    }
  } finally {
    await base.dispose();
    await head.dispose();
  }
  const alone = median(times['alone']!);
  const ratios = {
    alone: alone / median(times['base']!),
    busy: median(times['busy']!) / alone,
    two: median(times['two']!) / alone,
  };
  const parts = [
    `alone ${alone.toFixed(3)} s, ${shown('alone', ratios.alone)} of ${base.name}`,
    `beside a busy process ${shown('busy', ratios.busy)}`,
    `two runs ${shown('two', ratios.two)}`,
  ];
  console.log(parts.join(' · '));
  const holds = (Object.keys(BARS) as (keyof typeof BARS)[]).every(
    (bar) => ratios[bar] <= BARS[bar],
  );
  process.exitCode = holds ? 0 : 1;
}

function shown(bar: keyof typeof BARS, ratio: number): string {
  return `${ratio.toFixed(2)}× (at most ${BARS[bar]}×)`;
}

/** Does `work` while another process keeps one core busy. */
async function besideBusyProcess<T>(work: () => Promise<T>): Promise<T> {
  const busy = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
  try {
    return await work();
  } finally {
    busy.kill('SIGKILL');
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
