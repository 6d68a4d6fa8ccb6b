import { interruption } from './interruption';

const env = { cwd: '/project', variables: {} };

function resumeOf(command: string, options: Parameters<typeof interruption>[1]) {
  const run = { kind: 'run', path: '/runs/00000-x', command } as const;
  return interruption(env, options, run, new Error('stopped')).resume;
}

it('names the command that goes on, with what its run does not remember', () => {
  expect(resumeOf('train tokenizer', { samples: 500, threads: 1 })).toBe(
    'ar-distill train tokenizer --resume /runs/00000-x --samples 500 --threads 1',
  );
  expect(resumeOf('train features', { report: false, pluginsDir: 'p' })).toBe(
    'ar-distill train features --resume /runs/00000-x --no-report --plugins-dir /project/p',
  );
  // These remember how many samples they are measured with.
  expect(resumeOf('distill', { samples: 500, backend: 'cpu' })).toBe(
    'ar-distill distill --resume /runs/00000-x --backend cpu',
  );
});

it('names none when nothing was begun', () => {
  expect(interruption(env, {}, undefined, new Error('')).resume).toBeUndefined();
});
