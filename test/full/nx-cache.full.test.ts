import { spawnSync } from 'node:child_process';
import { ROOT } from '@ar-distill/workspace';

const MINUTE = 60_000;

/** Runs every target of every project; returns how many tasks there were and how many came from the cache. */
function runAll(): { tasks: number; hits: number } {
  const { status, stdout } = spawnSync(
    'npx',
    ['nx', 'run-many', '-t', 'build,test,lint,typecheck', '--exclude', 'integration'],
    {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, NX_DAEMON: 'false', FORCE_COLOR: '0', NODE_OPTIONS: '' },
      timeout: 60 * MINUTE,
    },
  );
  expect({ status, stdout: status === 0 ? '' : stdout.slice(-3000) }).toEqual({
    status: 0,
    stdout: '',
  });
  const [, hits, tasks] = /Cache: +(\d+)\/(\d+) hit/.exec(stdout) ?? [];
  return { tasks: Number(tasks), hits: Number(hits) };
}

it(
  'a second run of build, test, lint and typecheck is all cache hits',
  () => {
    runAll();
    const { tasks, hits } = runAll();
    expect(tasks).toBeGreaterThan(60);
    expect(hits).toBe(tasks);
  },
  90 * MINUTE,
);
