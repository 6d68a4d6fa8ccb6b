import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { definePlugin, PLAIN_SAMPLING } from '@ar-distill/core';
import { dd1SettingsSchema } from '@ar-distill/core/methods';
import type { TypedContainer } from '@ar-distill/di';
import {
  contentsOf,
  type StateDict,
  varDdNetwork,
  varTokenizer,
  writeTorchFile,
} from '@ar-distill/official-checkpoints';
import { plugin as varPlugin, varBackbone } from '@ar-distill/plugin-var';
import { describeModelDirectory } from '@ar-distill/runs';
import {
  ImageModel,
  importCheckpoints,
  InvalidOptionError,
  sample,
  type SampleOptions,
  type WorkflowEvent,
} from '@ar-distill/workflows';
import { pluginContainer } from '../plugin-container';
import { eventsOf } from './watching';

const root = mkdtempSync(path.join(tmpdir(), 'released-dd1-'));
const inRoot = (name: string) => path.join(root, name);
const patchNums = [1, 2];
const CONFIG = inRoot('sizes.json');
const NETWORK = inRoot('network.pth');
const TOKENIZER = inRoot('vae.pth');
/** A model directory of both, and one of the network alone. */
const WHOLE = inRoot('whole');
const ALONE = inRoot('alone');
/** The same by a program that knows no preset of these sizes. */
const UNKNOWN = inRoot('unknown');
const withoutPreset = pluginContainer(varPlugin);
let container: TypedContainer;

async function write(file: string, stateDict: StateDict): Promise<void> {
  const contents = contentsOf({ wrapping: 'bare', stateDict: () => stateDict }, 'bare');
  await writeTorchFile(file, { type: 'F32', seed: 0, ...contents });
}

beforeAll(async () => {
  const sizes = { vocabSize: 8, channels: 4, patchNums };
  await write(NETWORK, varDdNetwork({ ...sizes, depth: 1, width: 16, heads: 2, numClasses: 3 }));
  await write(TOKENIZER, varTokenizer({ ...sizes, baseChannels: 32, multipliers: [1, 1] }));
  writeFileSync(CONFIG, JSON.stringify({ patchNums }));
  const files = [NETWORK, TOKENIZER];
  await importCheckpoints(withoutPreset, { files, config: CONFIG, out: UNKNOWN });
  const small = definePlugin({
    name: 'small',
    summary: 'A small VAR.',
    presets: {
      released: {
        summary: 'for tests',
        backbone: 'var',
        architecture: varBackbone.architectureSchema.parse(
          (await describeModelDirectory(UNKNOWN)).architecture,
        ),
        teacherSampling: PLAIN_SAMPLING,
        methods: {
          dd1: dd1SettingsSchema.parse({
            pairs: 8,
            iterations: 1,
            batchSize: 1,
            learningRate: 0.01,
            secondStart: 1,
            codeSteps: 1,
          }),
        },
      },
    },
  });
  container = pluginContainer(varPlugin, small);
  await importCheckpoints(container, { files, config: CONFIG, out: WHOLE });
  await importCheckpoints(container, { files: [NETWORK], config: CONFIG, out: ALONE });
}, 300_000);

afterAll(async () => {
  await container.dispose();
  await withoutPreset.dispose();
  rmSync(root, { recursive: true, force: true });
});

const drawn = async (options: SampleOptions) => {
  const events: WorkflowEvent[] = [];
  const onEvent = (event: WorkflowEvent) => void events.push(event);
  return { ...(await sample(container, { count: 4, ...options }, { onEvent })), events };
};

it('draws in 1 step and in 2 from a model directory, also for programs, and says by which method', async () => {
  const one = await drawn({ weights: WHOLE });
  const two = await drawn({ weights: WHOLE, steps: 2 });
  expect([one.evaluations, two.evaluations]).toEqual([1, 2]);
  expect(one.images.shape).toEqual([4, 4, 4, 3]);
  expect(two.images).not.toEqual(one.images);
  expect(eventsOf(one.events, 'generator')).toEqual([
    { kind: 'generator', file: WHOLE, method: 'dd1' },
  ]);

  // The network alone, with the tokenizer that is named.
  const { images } = await drawn({ weights: ALONE, tokenizer: TOKENIZER, steps: 2 });
  expect(images).toEqual(two.images);

  const model = await ImageModel.open(container, WHOLE);
  const request = { by: 'generator' as const, condition: two.condition, count: 4, steps: 2 };
  const values: number[] = [];
  for await (const batch of model.draw({ ...request, rng: model.createRng(0) })) {
    values.push(...batch.images.data);
  }
  await model.dispose();
  expect(values).toEqual([...images.data]);
});

it('a directory of the network alone needs a tokenizer', async () => {
  const refused = drawn({ weights: ALONE });
  await expect(refused).rejects.toThrow(InvalidOptionError);
  await expect(refused).rejects.toThrow('ships no tokenizer: give its weights as "tokenizer".');
});

it('says what is missing where no preset of the sizes tells how it draws', async () => {
  const refused = sample(withoutPreset, { weights: UNKNOWN, count: 4 });
  await expect(refused).rejects.toThrow(InvalidOptionError);
  await expect(refused).rejects.toThrow(
    `does not say at which AR steps the network in "${UNKNOWN}" emits codes and starts again: name a preset whose settings of "dd1" fit it.`,
  );
});
