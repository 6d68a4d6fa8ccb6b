import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readSafetensors, writeSafetensors } from '@ar-distill/checkpoints';
import { commandIn } from './run-command';

const folder = mkdtempSync(path.join(tmpdir(), 'ar-distill-resumed-runs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const arDistill = commandIn(folder);

const TINY =
  '--no-report --iterations 2 --batch-size 8 --set teacherPoolSize=64 --set tuning.headIterations=1 ' +
  '--set tuning.fullIterations=1 --set tuning.batchSize=8 --set checkpointInterval=2';
const MINUTES = 180_000;
const RUN = '00000-toy-joint';

type Config = Record<string, unknown> & { settings: Record<string, unknown> };

const fileOf = (run: string, name: string): string => path.join(folder, run, RUN, name);
const configOf = (run: string): Config =>
  JSON.parse(readFileSync(fileOf(run, 'config.json'), 'utf8'));

/** A copy of the finished run that has only its pool and stage 1 done. */
function unfinished(name: string, config: object = configOf('made')): void {
  cpSync(path.join(folder, 'made'), path.join(folder, name), { recursive: true });
  for (const file of ['checkpoint.safetensors', 'generator.safetensors', 'metrics.jsonl']) {
    rmSync(fileOf(name, file));
  }
  writeFileSync(fileOf(name, 'config.json'), JSON.stringify(config));
}

/** Resumes, and expects it to end well. */
async function resumed(run: string, options = '') {
  const result = await arDistill(`distill --resume ${run}/${RUN} --no-report ${options}`.trim());
  expect(result.stderr).not.toContain('Error: ');
  expect(result.status).toBe(0);
  return result;
}

async function refused(run: string, options: string): Promise<{ status: number; stderr: string }> {
  const before = readFileSync(fileOf(run, 'config.json'), 'utf8');
  const { status, stderr } = await arDistill(`distill --resume ${run}/${RUN} ${options}`);
  expect(stderr).toMatch(/^Error: [^\n]+[.?]\n$/);
  expect(readFileSync(fileOf(run, 'config.json'), 'utf8')).toBe(before);
  return { status, stderr };
}

/** The tensors of a run's generator. */
async function generatorOf(run: string) {
  return (await readSafetensors(fileOf(run, 'generator.safetensors'))).tensors;
}

beforeAll(async () => {
  const made = await arDistill(`distill --preset toy-joint --out made ${TINY}`);
  expect(made.stderr).not.toContain('Error: ');
  expect(made.status).toBe(0);
}, MINUTES);

it('a run says its version and what it works on', () => {
  expect(configOf('made')).toMatchObject({
    version: 2,
    command: 'distill',
    plugin: 'toy',
    preset: 'toy-joint',
    settings: { batchSize: 8 },
  });
});

it(
  'values that a run has already are no change',
  async () => {
    unfinished('same');
    await resumed('same', `${TINY} --preset toy-joint --method csd --samples 65536`);
    expect(await generatorOf('same')).toEqual(await generatorOf('made'));
    expect(configOf('same')).toEqual(configOf('made'));
  },
  MINUTES,
);

it(
  'what may change is applied, said, and written down',
  async () => {
    unfinished('changed');
    const { stdout } = await resumed(
      'changed',
      '--set generatorLearningRate=0.001 --set gradientClip=0.5 --samples 500',
    );
    expect(stdout).toContain('changed/00000-toy-joint');
    const { settings, samples } = configOf('changed');
    expect({
      ...configOf('made').settings,
      generatorLearningRate: 0.001,
      gradientClip: 0.5,
    }).toEqual(settings);
    expect(samples).toBe(500);
    const log = readFileSync(fileOf('changed', 'log.jsonl'), 'utf8');
    expect(log).toContain('"msg":"config changed"');
    expect(await generatorOf('changed')).not.toEqual(await generatorOf('made'));
  },
  MINUTES,
);

it.each([
  ['--batch-size 4', 'The setting "batchSize" of the run'],
  ['--objective dmd', 'The setting "objective" of the run'],
  ['--seed 3', 'The setting "seed" of the run'],
  ['--iterations 9', 'The setting "generatorIterations" of the run'],
  ['--set tuning.noiseDraws=2', 'The setting "tuning.noiseDraws" of the run'],
  ['--set stepWeights=[3,1]', 'is [1,1] and cannot become [3,1]'],
  // Stage 1 is done in all of these runs, and in this one stage 2 as well.
  ['--set tuning.learningRate=0.1', 'because what it is for is done'],
  ['--set gradientClip=0.1', 'because what it is for is done'],
  ['--quick', 'The setting "teacherPoolSize" of the run'],
  ['--set bachSize=4', 'did you mean "batchSize"?'],
  ['--method csb', 'The method cannot be "csb" for the run'],
  ['--out elsewhere', 'leave --out out when you resume it'],
  ['--name other', 'leave --name out when you resume it'],
  ['--samples 0', '--samples'],
])('%s cannot change any more', async (options, sentence) => {
  const { status, stderr } = await refused('made', options);
  expect(stderr).toContain(sentence);
  expect(status).toBe(2);
});

it(
  'a run of the version before goes on, and is written in the layout of this one',
  async () => {
    const { version, ...older } = configOf('made');
    expect(version).toBe(2);
    unfinished('older', older);
    // Its files had no checksums.
    for (const name of ['teacher-pool', 'tuning-head', 'tuning']) {
      const file = fileOf('older', `arrays/${name}.safetensors`);
      await writeSafetensors(file, (await readSafetensors(file)).tensors);
    }
    await resumed('older');
    expect(configOf('older')).toEqual(configOf('made'));
    expect(await generatorOf('older')).toEqual(await generatorOf('made'));
  },
  MINUTES,
);

it('a run of a newer version is refused', async () => {
  unfinished('newer', { ...configOf('made'), version: 3 });
  const { stderr } = await refused('newer', '--no-report');
  expect(stderr).toContain('has a config of version 3, and this AR-Distill knows versions up to 2');
});

it(
  'one bit turned in a file is seen, and once the file is deleted the run goes on',
  async () => {
    cpSync(path.join(folder, 'made'), path.join(folder, 'turned'), { recursive: true });
    rmSync(fileOf('turned', 'generator.safetensors'));
    const arrays = ['teacher-pool', 'tuning'].map((name) => `arrays/${name}.safetensors`);
    for (const name of [...arrays, 'checkpoint.safetensors']) {
      const sound = readFileSync(fileOf('turned', name));
      const bytes = Buffer.from(sound);
      bytes[bytes.length - 9]! ^= 4;
      writeFileSync(fileOf('turned', name), bytes);
      const { stderr } = await refused('turned', '--no-report');
      expect(stderr).toContain(`Error: "turned/${RUN}/${name}" is damaged, as its checksum shows`);
      if (name.startsWith('arrays')) writeFileSync(fileOf('turned', name), sound);
      else rmSync(fileOf('turned', name));
    }
    await resumed('turned');
    expect(await generatorOf('turned')).toEqual(await generatorOf('made'));
  },
  MINUTES,
);
