import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { definePlugin } from '@ar-distill/core';
import type { TypedContainer } from '@ar-distill/di';
import { initializeParameters } from '@ar-distill/nn';
import { createRng } from '@ar-distill/program';
import { saveModel } from '@ar-distill/runs';
import {
  distill,
  type DistillOptions,
  ImageModel,
  InvalidOptionError,
  sample,
  type SampleOptions,
  type WorkflowEvent,
} from '@ar-distill/workflows';
import { TinyTokenizer } from '../core/tiny-plugin';
import { pluginContainer } from '../plugin-container';
import { tinyImagePlugin } from '../workflows/tiny-models';
import { eventsOf } from '../workflows/watching';

const root = mkdtempSync(path.join(tmpdir(), 'ar-distill-run-networks-'));
const inRoot = (...names: readonly string[]): string => path.join(root, ...names);
const workingFolder = process.cwd();
const MINUTES = 300_000;
let container: TypedContainer;
/** Was made with files of its own. */
let run: string;

const sha256 = (file: string): string =>
  createHash('sha256').update(readFileSync(file)).digest('hex');
const configOf = (folder: string): Record<string, unknown> =>
  JSON.parse(readFileSync(path.join(folder, 'config.json'), 'utf8'));
const distilled = (options: DistillOptions) => distill(container, { report: false, ...options });

/** A tokenizer that paints otherwise than the one that ships. */
async function otherTokenizer(file: string): Promise<void> {
  await saveModel(file, {
    kind: 'tokenizer',
    plugin: 'tiny',
    preset: 'tiny-images:pixels',
    architecture: {},
    tensors: initializeParameters(new TinyTokenizer().parameterSpecs, createRng(5)),
    provenance: {},
  });
}

beforeAll(async () => {
  mkdirSync(inRoot('shipped'));
  mkdirSync(inRoot('own'));
  const plugin = await tinyImagePlugin(inRoot('shipped'));
  const { pixels } = plugin.presets!;
  const generator = inRoot('shipped', 'generator.safetensors');
  container = pluginContainer(
    definePlugin({
      ...plugin,
      presets: {
        pixels: pixels!,
        // The same with a generator that ships.
        complete: { ...pixels!, weights: { ...pixels!.weights, generator } },
      },
    }),
  );
  copyFileSync(inRoot('shipped', 'teacher.safetensors'), inRoot('own', 'teacher.safetensors'));
  await otherTokenizer(inRoot('own', 'tokenizer.safetensors'));
  const shipping = await distilled({ preset: 'pixels', out: inRoot('other') });
  copyFileSync(shipping.weights, generator);
  ({ run } = await distilled({
    preset: 'complete',
    out: inRoot('runs'),
    teacher: inRoot('own', 'teacher.safetensors'),
    tokenizer: inRoot('own', 'tokenizer.safetensors'),
    settings: { seed: 3 },
  }));
}, MINUTES);
afterAll(async () => {
  process.chdir(workingFolder);
  await container.dispose();
  rmSync(root, { recursive: true, force: true });
});

it('a run remembers its networks with their checksums, those that ship among them', () => {
  const shipped = inRoot('other', '00000-pixels');
  for (const network of ['teacher', 'tokenizer']) {
    const own = inRoot('own', `${network}.safetensors`);
    expect(configOf(run)[network]).toEqual({ path: own, sha256: sha256(own) });
    const file = inRoot('shipped', `${network}.safetensors`);
    expect(configOf(shipped)[network]).toEqual({ path: file, sha256: sha256(file), ships: true });
  }
});

describe('going on', () => {
  /** The run and its files under another name, with nothing but its pool and stage 1 done. */
  function copied(name: string): string {
    const folder = inRoot(name, '00000-complete');
    cpSync(run, folder, { recursive: true });
    rmSync(path.join(folder, 'generator.safetensors'));
    return folder;
  }
  const own = (file: string): string => inRoot('own', `${file}.safetensors`);

  /** Does something while a file of the run lies elsewhere. */
  async function whileMoved(file: string, work: (moved: string) => Promise<void>): Promise<void> {
    const moved = inRoot('moved.safetensors');
    renameSync(own(file), moved);
    try {
      await work(moved);
    } finally {
      renameSync(moved, own(file));
    }
  }

  it(
    'needs nothing but the run; a file that was moved is named once',
    async () => {
      const resume = copied('moved');
      await whileMoved('teacher', async (teacher) => {
        await expect(distilled({ resume })).rejects.toThrow(
          `The teacher "${own('teacher')}" of the run "${resume}" is gone: put it back, or say with --teacher where it lies now.`,
        );
        const { weights } = await distilled({ resume, teacher });
        expect(sha256(weights)).toBe(sha256(path.join(run, 'generator.safetensors')));
        expect(configOf(resume)['teacher']).toEqual({ path: teacher, sha256: sha256(teacher) });
      });
    },
    MINUTES,
  );

  it.each(['teacher', 'tokenizer'] as const)('takes no other %s', async (network) => {
    const resume = copied(`no-other-${network}`);
    const before = configOf(resume);
    const other = inRoot(network === 'teacher' ? 'own' : 'shipped', 'tokenizer.safetensors');
    await expect(distilled({ resume, [network]: other })).rejects.toThrow(
      `"${resume}" was started with the ${network} "${own(network)}": resume it without --${network}.`,
    );
    await whileMoved(network, async () => {
      copyFileSync(other, own(network));
      await expect(distilled({ resume })).rejects.toThrow(
        `The ${network} "${own(network)}" has changed since the run "${resume}" was started: put back what it was.`,
      );
    });
    expect(configOf(resume)).toEqual(before);
  });
});

describe('drawing', () => {
  const drawn = async (options: SampleOptions) => {
    const events: WorkflowEvent[] = [];
    const { images } = await sample(
      container,
      { count: 3, ...options },
      { onEvent: (event) => events.push(event) },
    );
    return { images, events };
  };
  const ofRun = () =>
    drawn({
      preset: 'complete',
      weights: path.join(run, 'generator.safetensors'),
      tokenizer: inRoot('own', 'tokenizer.safetensors'),
    });

  it('from a run uses its networks, and says so', async () => {
    const { images, events } = await drawn({ run });
    expect(images).toEqual((await ofRun()).images);
    const file = path.join(run, 'generator.safetensors');
    expect(eventsOf(events, 'generator')).toEqual([{ kind: 'generator', file, method: 'csd' }]);
    // A run directory among the files of generators means the run.
    expect((await drawn({ weights: run })).images).toEqual(images);
    const model = await ImageModel.open(container, run);
    expect(model.imageShape).toEqual([1, 2, 1]);
    await model.dispose();
  });

  it('from a run needs its teacher only where that draws', async () => {
    const { images } = await drawn({ run });
    const teacher = inRoot('own', 'teacher.safetensors');
    const away = inRoot('away.safetensors');
    renameSync(teacher, away);
    try {
      expect((await drawn({ run })).images).toEqual(images);
      await (await ImageModel.open(container, run)).dispose();
      await expect(drawn({ run, teacher: true })).rejects.toThrow(
        `The teacher "${teacher}" of the run "${run}" is gone: put it back, or say with --teacher where it lies now.`,
      );
      const { events } = await drawn({ run, teacher: away });
      expect(eventsOf(events, 'teacher')).toEqual([{ kind: 'teacher', file: away }]);
    } finally {
      renameSync(away, teacher);
    }
  });

  it('by the teacher of a run says whose', async () => {
    const { events } = await drawn({ run, teacher: true });
    expect(eventsOf(events, 'teacher')).toEqual([
      { kind: 'teacher', file: inRoot('own', 'teacher.safetensors') },
    ]);
    expect(eventsOf(events, 'generator')).toEqual([]);
  });

  it('without a run uses what ships, whatever has been distilled', async () => {
    process.chdir(root);
    const { images, events } = await drawn({ preset: 'complete' });
    const file = inRoot('shipped', 'generator.safetensors');
    expect(eventsOf(events, 'generator')).toEqual([
      { kind: 'generator', file, preset: 'complete', method: 'csd' },
    ]);
    expect(images).toEqual((await drawn({ preset: 'pixels', weights: file })).images);
    expect(images).not.toEqual((await ofRun()).images);
    await expect(drawn({ preset: 'pixels' })).rejects.toThrow(
      'The preset "pixels" ships no generator: name one as "run" or "weights"',
    );
  });

  it('from the latest run', async () => {
    process.chdir(root);
    // Started later, and not finished.
    mkdirSync(inRoot('runs', '00001-complete'), { recursive: true });
    copyFileSync(path.join(run, 'config.json'), inRoot('runs', '00001-complete', 'config.json'));
    const { images } = await drawn({ run: 'latest' });
    expect(images).toEqual((await ofRun()).images);
    await expect(drawn({ run: 'latest', preset: 'pixels' })).rejects.toThrow(
      'There is no finished distillation of "pixels" in "runs"',
    );
  });

  it('from the latest run that can be read, and says which it passes over', async () => {
    process.chdir(root);
    mkdirSync(inRoot('runs', '00007-complete'), { recursive: true });
    writeFileSync(inRoot('runs', '00007-complete', 'config.json'), '{"version": 2,');
    writeFileSync(inRoot('runs', '00007-complete', 'generator.safetensors'), '');
    const { images, events } = await drawn({ run: 'latest' });
    expect(images).toEqual((await ofRun()).images);
    expect(eventsOf(events, 'message')).toEqual([
      {
        kind: 'message',
        text: expect.stringMatching(
          /^A later run is passed over: ".*00007-complete.config\.json" is damaged: it is no JSON\.$/,
        ),
      },
    ]);
    await expect(drawn({ run: 'latest', preset: 'pixels' })).rejects.toThrow(
      /There is no finished distillation of "pixels" in "runs", and one cannot be read \(".*" is damaged: it is no JSON\): run/,
    );
    rmSync(inRoot('runs', '00007-complete'), { recursive: true });
  });

  it.each<[SampleOptions, string]>([
    [{ run: '/no/run' }, '"/no/run" is no run directory'],
    [{ run: 'latest', weights: '/x' }, 'name a run or the weights of a generator, not both'],
  ])('%j is refused', async (options, sentence) => {
    await expect(drawn(options)).rejects.toThrow(sentence);
  });

  it('a run whose distillation has not ended says how it goes on', async () => {
    const folder = inRoot('unfinished');
    mkdirSync(folder);
    copyFileSync(path.join(run, 'config.json'), path.join(folder, 'config.json'));
    const refused = drawn({ run: folder });
    await expect(refused).rejects.toThrow(InvalidOptionError);
    await expect(refused).rejects.toThrow(`go on with "ar-distill distill --resume ${folder}"`);
  });

  it('a generator without an architecture is refused before anything is told of it', async () => {
    const file = inRoot('shapeless.safetensors');
    await saveModel(file, {
      ...{ kind: 'generator', plugin: 'tiny', preset: 'tiny-images:pixels', provenance: {} },
      ...{ architecture: null, tensors: {} },
    });
    const events: WorkflowEvent[] = [];
    const onEvent = (event: WorkflowEvent): void => void events.push(event);
    const options = { preset: 'complete', weights: file, count: 1 };
    await expect(sample(container, options, { onEvent })).rejects.toThrow('the architecture');
    expect(events).toEqual([]);
  });

  it('a bit of its generator turned is seen', async () => {
    const folder = inRoot('damaged');
    cpSync(run, folder, { recursive: true });
    const file = path.join(folder, 'generator.safetensors');
    const bytes = readFileSync(file);
    bytes[bytes.length - 3]! ^= 1;
    writeFileSync(file, bytes);
    await expect(drawn({ run: folder })).rejects.toThrow(`"${file}": it is damaged`);
  });
});
