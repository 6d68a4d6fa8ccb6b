import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

const ROOT = path.join(__dirname, '..', '..');

/** What the process prints, and rejects when it dies. */
async function runFailing(scenario: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      ...['-C', '@ar-distill/source', '-r', path.join(ROOT, 'tools/jest/register.js')],
      path.join(__dirname, 'failing-run.ts'),
      scenario,
    ],
    { cwd: ROOT },
  );
  return stdout.trim().split('\n');
}

// Node ends a process in which a promise is rejected that nobody awaits.
test.each([
  ['distillation, first first', ['"guidance update (FCS)" failed']],
  ['distillation, second first', ['"guidance update (FCS)" failed']],
  ['accumulation, first first', ['"regression: gradients" failed']],
  ['accumulation, second first', ['"regression: gradients" failed']],
  ['preparation and step', ['the step failed']],
  ['preparation alone', ['the step ended', 'the preparation failed']],
  ['quick reading and step', ['the step failed']],
  ['slow reading and step', ['the step failed']],
  ['quick reading alone', ['the step ended', 'the preparation failed']],
  ['slow reading alone', ['the step ended', 'the preparation failed']],
])('two calls that are under way, both failing: %s', async (scenario, lines) => {
  expect(await runFailing(scenario)).toEqual([...lines, 'survived']);
});
