import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { runRefused as run, workingFolder } from './in-process';

const folder = workingFolder();

async function printed(args: string): Promise<string> {
  const { code, stdout, stderr } = await run(['distill', '--print-config', ...args.split(' ')]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

const comments = (text: string): string[] =>
  text.split('\n').filter((line) => line.startsWith('#'));

it('adds up what the paper trains, and starts nothing', async () => {
  expect(comments(await printed('--preset var-d16'))).toEqual([
    '# 16,384 sequences drawn by the teacher',
    '# head of the AR-diffusion model: 300,000 updates, 153,600,000 sequences',
    '# AR-diffusion model: 30,000 updates, 15,360,000 sequences',
    '# phase 1, guidance network: 40,000 updates, 20,480,000 sequences',
    '# phase 1, generator: 8,000 updates, 4,096,000 sequences',
    '# phase 2, guidance network: 8,000 updates, 4,096,000 sequences',
    '# phase 3, guidance network: 15,000 updates, 7,680,000 sequences',
    '# phase 3, generator: 7,500 updates, 3,840,000 sequences',
  ]);
  expect(folder.files()).toEqual([]);
});

it('says of one phase what it trains without a number', async () => {
  expect(comments(await printed('--preset toy-joint --iterations 7'))).toEqual([
    '# 8,192 sequences drawn by the teacher',
    '# AR-diffusion model: 1,500 updates, 384,000 sequences',
    '# guidance network: 14 updates, 3,584 sequences',
    '# generator: 7 updates, 1,792 sequences',
  ]);
});

it.each(['--iterations 7', '--set generatorIterations=7', '--quick --iterations 7'])(
  'makes one phase of however many a preset has with %s',
  async (options) => {
    const { settings } = parse(await printed(`--preset var-d16 ${options}`)) as {
      settings: { phases: object[]; generatorIterations: number };
    };
    expect(settings.phases).toEqual([{ trains: 'both', fromAverage: false }]);
    expect(settings.generatorIterations).toBe(7);
  },
);

it('leaves phases that are given beside a number of iterations', async () => {
  const phases = '[{},{"generatorIterations":3}]';
  const { settings } = parse(
    await printed(`--preset var-d16 --iterations 7 --set phases=${phases}`),
  ) as { settings: { phases: object[] } };
  expect(settings.phases).toHaveLength(2);
});

it.each([
  ['var-d16', 5, 5],
  ['var-d20', 4, 4],
  ['var-d24', 4, 4],
  ['llamagen-L', 130, 80],
])('says how %s is distilled by Distilled Decoding 1', async (preset, codeSteps, secondStart) => {
  const config = await printed(`--preset ${preset} --method dd1`);
  expect(parse(config)).toMatchObject({ method: 'dd1', settings: { codeSteps, secondStart } });
  expect(comments(config)).toHaveLength(1);
});

it('is a config file of the same distillation', async () => {
  const options =
    '--preset mnist-var --guidance 1 --top-k 50 --top-p 0.9 --samples 2000 --set emaDecay=0.9 ' +
    '--set architecture.headDepth=2 --set timesteps.distribution=logit-normal --pool-cache pools';
  const config = await printed(options);
  expect(parse(config)).toMatchObject({
    ...{ preset: 'var:mnist-var', method: 'csd', guidance: 1, topK: 50, topP: 0.9, samples: 2000 },
    settings: { emaDecay: 0.9, timesteps: { distribution: 'logit-normal' } },
    architecture: { headDepth: 2 },
    poolCache: resolve('pools'),
  });
  writeFileSync('again.yaml', config);
  expect(await printed('--config again.yaml')).toBe(config);
});

it.each([
  ['--preset mnist-var --set architecture.headDepht=2', 'did you mean "architecture.headDepth"?'],
  ['--preset mnist-var --set architecture.noiseInput=rwa', 'architecture.noiseInput'],
  ['--preset mnist-var --set phases=[{"trains":"guidance"}]', 'phases.0.guidanceIterations'],
  ['--preset mnist-var --set phases=[{"guidanceUpdate":3}]', 'phases.0.guidanceUpdates'],
  ['--preset var-d16 --set timesteps.mean=1', 'timesteps.mean'],
  ['--preset mnist-var --set phases=[]', 'expected a list of 1 entry or more, not of 0.'],
  ['--preset mnist-var --teacher nothing', 'There is no file or folder "nothing": name a teacher'],
  ['--preset mnist-var --guidance -1', '--guidance'],
  ['--preset toy-joint --set phases=[{"fromAverage":true}]', 'The first phase has no average'],
])('refuses %s in one sentence', async (args, words) => {
  const { code, stdout, stderr } = await run(['distill', '--print-config', ...args.split(' ')]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^Error: [^\n]*[^.?\n][.?]\n$/);
  expect(stderr).toContain(words);
});
