import { PLUGINS, TypedContainer } from '@ar-distill/di';
import * as workflows from '@ar-distill/workflows';
import type { Workflows } from './environment';
import { runCli } from './program';

const NOT_PRINTABLE = 'red \u001b[31m, turned \u202e and quoted "';

/** Runs a command on workflows of which some are replaced. */
async function run(args: string, replaced: Partial<Workflows> = {}) {
  let stdout = '';
  let stderr = '';
  const code = await runCli(args.split(' '), {
    cwd: '/project',
    variables: {},
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    workflows: { ...workflows, ...replaced },
    createContainer: () => {
      const container = new TypedContainer();
      container.registerValue(PLUGINS, {
        packageName: 'ar-distill-plugin-fake',
        version: '3.2.1',
        directory: '/plugins/fake',
        requiredFrom: '/package.json',
        request: 'ar-distill-plugin-fake',
        definition: { contractVersion: 2, name: 'fake', summary: NOT_PRINTABLE },
      });
      return container;
    },
  });
  return { code, stdout, stderr };
}

const training: Workflows['trainTeacher'] = async (_container, _options, workflow) => {
  workflow?.onEvent?.({ kind: 'run', path: '/runs/00000-x', command: 'train teacher' });
  return { run: '/runs/00000-x', weights: 'w', preset: 'a:b', seconds: 2, measured: { loss: 0.5 } };
};

it('prints the result as one document, and what else there is to say on stderr', async () => {
  const { code, stdout, stderr } = await run('train teacher --json', { trainTeacher: training });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    ...{ run: '/runs/00000-x', weights: 'w', preset: 'a:b', seconds: 2 },
    measured: { loss: 0.5 },
  });
  expect(stderr).toBe('Run directory: /runs/00000-x\n');
});

it('compares speeds in a document, too', async () => {
  const comparison = {
    batchSize: 1,
    decoded: false,
    teacherEvaluations: 4,
    generatorEvaluations: 1,
    teacherSeconds: 3,
    generatorSeconds: 1,
  };
  const measureSpeed: Workflows['measureSpeed'] = async () => [comparison];
  const { stdout } = await run('eval --speed --json', { measureSpeed });
  expect(JSON.parse(stdout)).toEqual({ comparisons: [comparison] });
});

it('writes nothing that steers a terminal, and loses nothing', async () => {
  const { stdout } = await run('plugins --json');
  expect(stdout).toMatch(/^[\n\x20-\x7e]*$/);
  expect(JSON.parse(stdout)).toEqual({
    plugins: [
      {
        ...{ name: 'fake', summary: NOT_PRINTABLE, packageName: 'ar-distill-plugin-fake' },
        ...{ version: '3.2.1', directory: '/plugins/fake', presets: [] },
      },
    ],
    problems: [],
  });
});

it.each([
  ['sample --cuont 3 --json', 2, 'There is no option "--cuont": did you mean "--count"?'],
  ['train teacher --json', 1, 'It broke: mend it.'],
])('says of "%s" why there is no result, and the code', async (args, exitCode, message) => {
  const trainTeacher: Workflows['trainTeacher'] = async () => {
    throw new Error('It broke: mend it.');
  };
  const { code, stdout, stderr } = await run(args, { trainTeacher });
  expect(code).toBe(exitCode);
  expect(JSON.parse(stdout)).toEqual({ error: { message, exitCode } });
  expect(stderr).toBe(`Error: ${message}\n`);
});

it('says how an interrupted command goes on', async () => {
  const { code, stdout } = await run('train teacher --json', {
    trainTeacher: async (container, options, workflow) => {
      await training(container, options, workflow);
      const { signal } = workflow!;
      const aborted = new Promise((resolve) => signal!.addEventListener('abort', resolve));
      process.emit('SIGINT');
      await aborted;
      throw new Error('Stopped.');
    },
  });
  expect(code).toBe(130);
  const resume = 'ar-distill train teacher --resume /runs/00000-x';
  expect(JSON.parse(stdout)).toEqual({ error: { message: 'Stopped.', exitCode: 130, resume } });
});
