import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { Laboratory, type CaseResult } from './laboratory';
import { Report } from './report';

/** A case that takes longer is tried once more in a new process; then it counts as a hang. */
const CASE_SECONDS = 60;
/** A process is renewed after so many cases, so that its peak of memory says something about them. */
const CASES_PER_PROCESS = 1000;
const USAGE = 'Usage: main.ts [--seed 0] [--count 10000] [--first 0]';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '0' },
      count: { type: 'string', default: '10000' },
      first: { type: 'string', default: '0' },
      worker: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const [seed, count, first] = [values.seed, values.count, values.first].map(Number);
  if (values.help || ![seed, count, first].every((n) => Number.isSafeInteger(n) && n! >= 0)) {
    console.log(USAGE);
    return;
  }
  if (values.worker) await work(seed!, first!, count!);
  else await supervise(seed!, first!, count!);
}

/** Prints a line of JSON before and after every case. */
async function work(seed: number, first: number, count: number): Promise<void> {
  const laboratory = await Laboratory.open();
  try {
    for (let number = first; number < first + count; number++) {
      console.log(JSON.stringify({ starts: number }));
      const result = await laboratory.run(seed, number);
      const peak = process.resourceUsage().maxRSS * 1024;
      console.log(JSON.stringify({ number, peak, ...result }));
    }
  } finally {
    laboratory.close();
  }
}

async function supervise(seed: number, first: number, count: number): Promise<void> {
  const report = new Report();
  const end = first + count;
  let next = first;
  let retried: number | undefined;
  while (next < end) {
    const batch = Math.min(CASES_PER_PROCESS, end - next);
    const { done, failure } = await runBatch(seed, next, batch, report);
    next += done;
    if (failure === undefined) continue;
    if (retried !== next) {
      retried = next;
      continue;
    }
    report.addFailure(next, failure);
    next++;
  }
  console.log(report.table());
  for (const line of report.defects()) console.log(line);
  process.exitCode = report.defects().length > 0 ? 1 : 0;
}

/** Runs cases in a process of their own: how many came to an end, and why the next one did not. */
function runBatch(
  seed: number,
  first: number,
  count: number,
  report: Report,
): Promise<{ readonly done: number; readonly failure?: string }> {
  const flags = ['--worker', '--seed', seed, '--first', first, '--count', count].map(String);
  const child = spawn(process.execPath, [...process.execArgv, __filename, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve) => {
    let done = 0;
    let hangs = false;
    const stop = (): void => {
      hangs = true;
      child.kill('SIGKILL');
    };
    let timer = setTimeout(stop, 1000 * CASE_SECONDS);
    createInterface({ input: child.stdout }).on('line', (line) => {
      clearTimeout(timer);
      timer = setTimeout(stop, 1000 * CASE_SECONDS);
      const told = JSON.parse(line) as { starts?: number } & CaseResult & {
          readonly number: number;
          readonly peak: number;
        };
      if (told.starts !== undefined) return;
      report.add(told);
      done++;
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (done === count) return resolve({ done });
      resolve({ done, failure: hangs ? 'hang' : `crash (${signal ?? `code ${code}`})` });
    });
  });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
