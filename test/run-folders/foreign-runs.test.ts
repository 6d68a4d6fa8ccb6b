import { adaptationSettingsSchema, distillationSettingsSchema } from '@ar-distill/core/methods';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { commandIn } from './run-command';

const folder = mkdtempSync(path.join(tmpdir(), 'ar-distill-foreign-runs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const arDistill = commandIn(folder);

const supervised = { iterations: 3, batchSize: 4, learningRate: 0.01 };
const distillation = distillationSettingsSchema.parse({
  teacherPoolSize: 8,
  tuning: { headIterations: 1, fullIterations: 1, batchSize: 2, learningRate: 0.01 },
  generatorIterations: 1,
  batchSize: 2,
  generatorLearningRate: 0.01,
  guidanceLearningRate: 0.01,
});
const VAR = { plugin: 'var', preset: 'mnist-var' };
const CONFIGS = {
  tokenizer: { command: 'train tokenizer', ...VAR, settings: supervised },
  teacher: { command: 'train teacher', ...VAR, tokenizer: '/a/t.pth', settings: supervised },
  features: {
    command: 'train features',
    plugin: 'mnist',
    network: 'mnist-classifier',
    settings: supervised,
  },
  distillation: { command: 'distill', ...VAR, samples: 10, settings: distillation },
  adaptation: {
    command: 'adapt',
    plugin: 'llamagen',
    preset: 'mnist-llamagen',
    samples: 10,
    settings: adaptationSettingsSchema.parse({
      sequences: 8,
      heldOut: 4,
      regression: { iterations: 1, learningRate: 0.01 },
      fineTuning: supervised,
    }),
  },
  llamagen: {
    command: 'distill',
    plugin: 'llamagen',
    preset: 'mnist-llamagen',
    samples: 10,
    settings: distillation,
  },
};

/** A run as a killed process leaves it: opening it would change all of this. */
function writeRun(name: string, config: unknown): void {
  const run = path.join(folder, name);
  mkdirSync(run, { recursive: true });
  const files = {
    'config.json': typeof config === 'string' ? config : JSON.stringify(config),
    'metrics.jsonl': '{"iteration":1}\n{"iteration":2}\n',
    lock: String(2 ** 30),
    '.checkpoint.safetensors.0123456789ab.tmp': 'part',
  };
  for (const [file, text] of Object.entries(files)) writeFileSync(path.join(run, file), text);
}

function contents(name: string): Record<string, string> {
  const run = path.join(folder, name);
  return Object.fromEntries(
    readdirSync(run).map((file) => [file, readFileSync(path.join(run, file), 'utf8')]),
  );
}

/** Runs a command that must be refused with one sentence, and leave the run as it was. */
async function refusal(command: string, run: string, code = 1): Promise<string> {
  const before = contents(run);
  const { status, stdout, stderr } = await arDistill(command);
  expect({ status, stdout }).toEqual({ status: code, stdout: '' });
  expect(stderr).toMatch(/^Error: [^\n]+\n$/);
  expect(contents(run)).toEqual(before);
  expect(existsSync(path.join(folder, 'refused'))).toBe(false);
  return stderr;
}

beforeAll(() => {
  for (const [name, config] of Object.entries(CONFIGS)) writeRun(name, config);
});

it.each([
  [
    'train features --resume tokenizer',
    '"tokenizer" is a run of "train tokenizer", not of "train features": go on with it by "ar-distill train tokenizer --resume tokenizer".',
  ],
  ['train tokenizer --resume teacher', 'a run of "train teacher", not of "train tokenizer"'],
  ['train teacher --resume features', 'a run of "train features", not of "train teacher"'],
  ['distill --resume tokenizer', 'a run of "train tokenizer", not of "distill"'],
  ['adapt --preset mnist-llamagen --resume distillation', 'a run of "distill", not of "adapt"'],
  [
    'distill --resume distillation --preset toy-joint',
    '"distillation" works on the preset "var:mnist-var", not on "toy:toy-joint": use it with --preset var:mnist-var.',
  ],
  [
    'train tokenizer --resume tokenizer --preset mnist-llamagen',
    'works on the preset "var:mnist-var"',
  ],
  [
    'train teacher --resume teacher --tokenizer b.pth',
    'was started with the tokenizer "/a/t.pth": resume it without --tokenizer.',
  ],
  [
    'distill --resume distillation --teacher b.pth',
    'was started with the teacher that ships: resume it without --teacher.',
  ],
  [
    'distill --resume distillation --tokenizer b.pth',
    'was started with the tokenizer that ships: resume it without --tokenizer.',
  ],
  [
    'adapt --resume adaptation --teacher b.pth',
    'was started with the teacher that ships: resume it without --teacher.',
  ],
  [
    'distill --out refused --stage1 tokenizer',
    'is a run of "train tokenizer", not of "distill": name a run of "distill" with --stage1.',
  ],
  [
    'distill --out refused --stage1 llamagen --preset mnist-var',
    'works on the preset "llamagen:mnist-llamagen", not on "var:mnist-var"',
  ],
  ['distill --out refused --stage1 distillation', '"distillation" holds no tuned weights'],
  [
    'sample --weights features',
    'is a run of "train features", not of "distill": name a run of "distill" with --weights.',
  ],
  ['eval --weights llamagen --preset mnist-var', 'works on the preset "llamagen:mnist-llamagen"'],
  [
    'eval --run features',
    'is a run of "train features", not of "distill": name a run of "distill" with --run.',
  ],
])('%j is refused before anything is touched', async (command, sentence) => {
  const run = /(?:--resume|--stage1|--weights|--run) (\w+)/.exec(command)![1]!;
  expect(await refusal(command, run)).toContain(sentence);
});

it.each([
  ['another plugin', 'other', 'the plugin "other"'],
  ['no plugin', undefined, 'the application itself'],
])('a training of a network that %s brought is refused', async (_whose, plugin, owner) => {
  writeRun('network', { ...CONFIGS.features, plugin });
  expect(await refusal('train features --resume network', 'network')).toContain(
    `"network" trains "mnist-classifier" of ${owner}, not of the plugin "mnist": start a new run`,
  );
});

it('what is no run is refused', async () => {
  mkdirSync(path.join(folder, 'empty'));
  mkdirSync(path.join(folder, 'model'));
  writeFileSync(path.join(folder, 'model', 'config.json'), '{}');
  writeFileSync(path.join(folder, 'model', 'model.safetensors.index.json'), '{}');
  for (const flag of ['distill --resume', 'distill --out refused --stage1', 'sample --run']) {
    expect(await refusal(`${flag} empty`, 'empty', 2)).toMatch(/empty" is no run directory/);
    expect(await refusal(`${flag} model`, 'model', 2)).toMatch(
      /"model" is a model directory, no run: name a run, or draw from the directory with --weights/,
    );
  }
});

const { settings, ...withoutSettings } = CONFIGS.distillation;
it.each([
  ['null', null, 'The document in'],
  ['a list', [], 'The document in'],
  ['no JSON', '{', 'is damaged: it is no JSON'],
  ['no command', { ...CONFIGS.distillation, command: undefined }, '"command" in'],
  [
    'a command that steers the terminal',
    { ...CONFIGS.distillation, command: '\u001b[2J' },
    '"command" in',
  ],
  ['no settings', withoutSettings, '"settings" in'],
  [
    'a setting of null',
    { ...CONFIGS.distillation, settings: { ...settings, batchSize: null } },
    '"settings.batchSize" in',
  ],
  [
    'a negative size',
    { ...CONFIGS.distillation, settings: { ...settings, batchSize: -5 } },
    '"settings.batchSize" in',
  ],
  [
    'a misspelt setting',
    { ...CONFIGS.distillation, settings: { ...settings, bachSize: 5 } },
    'did you mean "settings.batchSize"?',
  ],
  [
    'an unknown command',
    { ...CONFIGS.distillation, command: 'distil' },
    '"command" in odd/config.json is wrong: expected',
  ],
  ['a version before the first', { ...CONFIGS.distillation, version: 0 }, '"version" in'],
  ['samples in words', { ...CONFIGS.distillation, samples: 'many' }, '"samples" in'],
])('a config that is %s is refused by key', async (_what, config, sentence) => {
  writeRun('odd', config);
  const stderr = await refusal('distill --resume odd', 'odd');
  expect(stderr).toContain(sentence);
  expect(stderr).toContain('config.json');
  expect(stderr).not.toContain('\u001b');
});

it('a misspelt setting of a training is refused with the key that was meant', async () => {
  writeRun('odd', { ...CONFIGS.tokenizer, settings: { ...supervised, iteration: 3 } });
  expect(await refusal('train tokenizer --resume odd', 'odd')).toContain(
    'did you mean "settings.iterations"?',
  );
});
