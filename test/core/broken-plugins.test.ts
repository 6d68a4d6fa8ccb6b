import { checkPlugin, type ConformanceResult } from '@ar-distill/conformance';
import { createEngine } from '@ar-distill/engine';
import { createRng } from '@ar-distill/program';
import { BROKEN_IN_USE } from './broken-in-use';
import { BROKEN_PLUGINS } from './broken-plugins';
import { tinyPlugin } from './tiny-plugin';
import { trainedPlugin } from './trained-plugin';

const compiler = createEngine({ worker: false, threads: 1 });
afterAll(() => compiler.dispose());
// A check that outlives its test would run into the next one.
jest.setTimeout(600_000);

const options = { rng: createRng(0), compiler };
const nameOf = ({ subject, name }: ConformanceResult): string => `${subject}, ${name}`;
const named = (results: readonly ConformanceResult[], state: ConformanceResult['state']) =>
  results.filter((result) => result.state === state).map(nameOf);

test.each([...BROKEN_PLUGINS, ...BROKEN_IN_USE])(
  'finds $mistake',
  async ({ breaks, says, plugin }) => {
    const results = await checkPlugin(plugin, options);
    expect(named(results, 'failed')).toEqual([breaks]);
    const { detail, stack } = results.find(({ state }) => state === 'failed')!;
    expect(detail).toMatch(says);
    // The stack says where: in the kit's rule, or in the plugin itself.
    expect(stack).toMatch(/\n\s+at .*\.ts:\d+:\d+/);
    // What is skipped for the mistake comes after it, and names it.
    const [, rule] = breaks.split(/, (.*)/);
    const skipped = results.filter(({ detail: why }) => why.startsWith('after '));
    for (const result of skipped) {
      expect(result.detail).toBe(`after "${rule}" failed`);
      expect(results.indexOf(result)).toBeGreaterThan(results.map(nameOf).indexOf(breaks));
    }
  },
);

test('there are more than a dozen of them, each caught by a rule of its own', () => {
  expect(new Set(BROKEN_PLUGINS.map(({ breaks }) => breaks)).size).toBe(BROKEN_PLUGINS.length);
  expect(BROKEN_PLUGINS.length).toBeGreaterThanOrEqual(12);
});

test('a plugin without mistakes passes everything that applies to it', async () => {
  const results = await checkPlugin(trainedPlugin(), options);
  expect(results.filter(({ state }) => state === 'failed')).toEqual([]);
  const skipped = new Set(results.filter(({ state }) => state === 'skipped').map((r) => r.detail));
  expect([...skipped].sort()).toEqual([
    'it ships no weights',
    'its backbones have none',
    'the backbone does not offer it',
    'the backbone has no flow-map network',
    'the teacher keeps no cache from AR step to AR step',
    'the teacher lends no cache',
    'the teacher needs no adaptation',
  ]);
});

test('the example of CONTRIBUTING.md passes', async () => {
  const results = await checkPlugin(tinyPlugin, options);
  expect(results.filter(({ state }) => state === 'failed')).toEqual([]);
});

test('without a compiler what would be compiled is skipped', async () => {
  const results = await checkPlugin(trainedPlugin(), { rng: options.rng });
  expect(named(results, 'failed')).toEqual([]);
  const compiled = results.filter(({ name }) =>
    /sampler: |update|compiled it|features of its sizes/.test(name),
  );
  expect(compiled.length).toBeGreaterThan(10);
  const reasons = new Set(compiled.map(({ state, detail }) => `${state}: ${detail}`));
  expect([...reasons].sort()).toEqual([
    'skipped: the backbone does not offer it',
    'skipped: the teacher needs no adaptation',
    'skipped: there is no compiler to run it with',
  ]);
});

test('every result is told as it comes, with how many there are', async () => {
  const told: string[] = [];
  const results = await checkPlugin(trainedPlugin(), {
    ...options,
    onResult: (result, done, total) => told.push(`${done}/${total} ${nameOf(result)}`),
  });
  expect(told).toEqual(results.map((result, i) => `${i + 1}/${results.length} ${nameOf(result)}`));
});

test('it stops between two checks', async () => {
  const controller = new AbortController();
  const told: string[] = [];
  const stopped = checkPlugin(trainedPlugin(), {
    ...options,
    signal: controller.signal,
    onResult: ({ name }) => {
      told.push(name);
      if (told.length === 5) controller.abort();
    },
  });
  await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
  expect(told).toHaveLength(5);
});
